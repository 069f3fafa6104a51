namespace Anneal.Models;

/// <summary>
/// The names under which a model's tensors are published: one line for each layer. Loading, saving and the comparison with published gradients
/// all read this table.
/// </summary>
internal sealed class WeightTable
{
    private readonly HashSet<string> _names = [];
    private readonly List<string> _ignored = [];

    /// <summary>The tensors in the order of the table.</summary>
    internal List<WeightEntry> Entries { get; } = [];

    /// <summary>The products whose kernels adapters may change, by the names of their modules.</summary>
    internal List<TargetProduct> Products { get; } = [];

    /// <summary>Other names of tensors, under which older files may hold them, or hold them twice.</summary>
    internal Dictionary<string, string> OtherNames { get; } = [];

    /// <summary>Names under which a tensor is looked for where its own is missing; what lies there may also be a tensor of its own.</summary>
    internal Dictionary<string, string> Fallbacks { get; } = [];

    /// <summary>Tensors that files may lack.</summary>
    internal HashSet<string> Optional { get; } = [];

    /// <summary>A product with the kernel <c>[outputs, inputs]</c>.</summary>
    internal void Linear(string name, Dense dense)
    {
        Add(name + ".weight", dense.Kernel!, WeightLayout.OutputsFirst);
        Products.Add(new TargetProduct(name, dense.Kernel!, IsInputsFirst: false));
        if (dense.Bias is not null)
            Add(name + ".bias", dense.Bias);
    }

    /// <summary>A product with the kernel <c>[inputs, outputs]</c>, as GPT-2 has them.</summary>
    internal void InputsFirst(string name, Dense dense)
    {
        Add(name + ".weight", dense.Kernel!);
        Add(name + ".bias", dense.Bias!);
        Products.Add(new TargetProduct(name, dense.Kernel!, IsInputsFirst: true));
    }

    internal void Embedding(string name, Embedding embedding) => Add(name, embedding.Table!);

    internal void Norm(string name, LayerNormalization norm)
    {
        Add(name + ".weight", norm.Gamma!);
        Add(name + ".bias", norm.Beta!);

        // What BERT's first checkpoints called them.
        OtherNames[name + ".gamma"] = name + ".weight";
        OtherNames[name + ".beta"] = name + ".bias";
    }

    internal void Rms(string name, RmsNormalization norm) => Add(name, norm.Scale!);

    internal void Convolution(string name, Conv2D convolution)
    {
        Add(name + ".weight", convolution.Kernel!, WeightLayout.ChannelsFirst);
        if (convolution.Bias is not null)
            Add(name + ".bias", convolution.Bias);
    }

    internal void BatchNorm(string name, BatchNormalization norm, State batches)
    {
        Add(name + ".weight", norm.Gamma!);
        Add(name + ".bias", norm.Beta!);
        Add(name + ".running_mean", norm.MovingMean!);
        Add(name + ".running_var", norm.MovingVariance!);
        Add(name + ".num_batches_tracked", batches, WeightLayout.Count);

        // Counts came later than the format; a file without them is whole.
        Optional.Add(name + ".num_batches_tracked");
    }

    internal void Add(string name, Variable variable, WeightLayout layout = WeightLayout.Same)
    {
        if (!_names.Add(name))
            throw new InvalidOperationException($"The table of weights names {name} twice.");
        Entries.Add(new WeightEntry(name, variable, layout));
    }

    /// <summary>Another name of a tensor: files may have either, or both with the same values.</summary>
    internal void Tied(string other, string name) => OtherNames[other] = name;

    /// <summary>Tensors that are no weights: files of older releases hold some that are computed anew.</summary>
    /// <param name="ending">How their names end.</param>
    internal void Ignore(string ending) => _ignored.Add(ending);

    internal bool IsIgnored(string name) => _ignored.Any(e => name.EndsWith(e, StringComparison.Ordinal));
}

/// <summary>A product of a model with its published name.</summary>
/// <param name="Module">The name of the module, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Kernel">The kernel <c>[inputs, outputs]</c>.</param>
/// <param name="IsInputsFirst">Whether files hold the kernel as <c>[inputs, outputs]</c> too, as those of GPT-2.</param>
internal sealed record TargetProduct(string Module, Parameter Kernel, bool IsInputsFirst);
