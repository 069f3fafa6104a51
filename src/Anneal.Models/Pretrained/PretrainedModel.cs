namespace Anneal.Models;

/// <summary>
/// A model of a public architecture. It is loaded from a folder as transformers saves it (<c>config.json</c> and safetensors) and saved so that
/// transformers reads it back; beside that it is a model like any other, trained with <c>Compile</c> and <c>Fit</c> or in a loop of one's own,
/// saved with <c>Save</c> in Anneal's own form and loaded from it.
/// </summary>
public abstract partial class PretrainedModel : Model
{
    private readonly Dictionary<string, DType> _loadedTypes = [];

    private protected PretrainedModel(PretrainedConfig config, string? name) : base(name)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check(PretrainedConfig.InCode);
        Config = config;
    }

    /// <summary>What the model looks like.</summary>
    public PretrainedConfig Config { get; }

    /// <summary>The number of values of all parameters, each counted once.</summary>
    public long ParameterCount
    {
        get
        {
            EnsureBuilt([.. InputsToBuild]);
            return Parameters.Sum(p => p.Shape.ElementCount);
        }
    }

    /// <summary>The part of the names in published files that belongs to the body, without the head; null where the two are not told apart.</summary>
    internal abstract string? BodyPrefix { get; }

    /// <summary>Inputs that show all shapes, without the batch.</summary>
    internal abstract IReadOnlyList<TensorType> InputsToBuild { get; }

    /// <summary>How many inputs there may be: those behind the first ones can be left out.</summary>
    private protected virtual (int Least, int Most) InputCounts => (1, 1);

    internal override bool TakesInputs(int count) => count >= InputCounts.Least && count <= InputCounts.Most;

    /// <summary>Says under which names the tensors are published.</summary>
    internal abstract void MapWeights(WeightTable table);

    /// <summary>The table of the names; the model is built for it.</summary>
    internal WeightTable Weights()
    {
        EnsureBuilt([.. InputsToBuild]);
        var table = new WeightTable();
        MapWeights(table);
        return table;
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.SetObject("config", Config.ToJson());
        if (StoredGeneration is { } generation)
            config.SetObject("generation", generation);
        LoraAdapter.WriteAll(this, config);
    }

    /// <summary>Tokens <c>[batch, time]</c> of whole numbers.</summary>
    private protected Tensor Tokens(Tensor ids)
    {
        if (ids.Shape.Rank != 2 || ids.Shape[1] < 1)
            throw new ShapeException($"The model {Name} expects tokens [batch, time], but found {ids.Shape}.");
        return ids.DType is DType.Int32 or DType.Int64 ? ids : throw new DTypeException($"The model {Name} expects tokens of int32 or int64, but found {ids.Type}.");
    }

    private protected void RequireInputs(IReadOnlyList<Tensor> inputs, string what)
    {
        if (!TakesInputs(inputs.Count))
            throw new ShapeException($"The model {Name} takes {InputCounts.Least} to {InputCounts.Most} inputs ({what}), but {inputs.Count} were given.");
    }
}
