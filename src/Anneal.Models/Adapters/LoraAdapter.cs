namespace Anneal.Models;

/// <summary>
/// A LoRA adapter on a public model: small factors beside products whose own weights stay as they are. Only the adapter is trained, and only it has
/// memory in an optimizer; taken off, it leaves the model bit for bit as it was.
/// </summary>
/// <remarks>
/// <para>Layers know nothing of adapters: a kernel's product is computed by the rule of the active adapter, in training, prediction and generation
/// alike. A model may have several adapters by name, of which one is active. Programs that a model or a generator compiles follow a change; a
/// program of one's own keeps the form that it was compiled in.</para>
/// <para>What a model was compiled with is forgotten when an adapter comes or goes: call <c>Compile</c> again.</para>
/// </remarks>
/// <example>
/// <code>
/// LlamaForCausalLM model = LlamaForCausalLM.Load("base");
/// LoraAdapter adapter = LoraAdapter.Attach(model, new LoraOptions { Rank = 16, Alpha = 32, TargetModules = ["q_proj", "v_proj"] });
/// model.Compile(new AdamW(2e-4), Loss.SparseCategoricalCrossentropy(fromLogits: true));
/// model.Fit(data);
/// adapter.Save("my-adapter");
/// </code>
/// </example>
public sealed partial class LoraAdapter
{
    private const string Prefix = "base_model.model.";
    private static long _count;
    private readonly LoraLayers _layers;
    private readonly LoraModule[] _modules;
    private readonly (WeightEntry Base, Parameter Copy)[] _copies;
    private readonly (string Name, WeightEntry Copy)[] _twins;
    private readonly long _number = Interlocked.Increment(ref _count);
    private Dictionary<Variable, State>? _merged;

    private LoraAdapter(PretrainedModel model, LoraOptions options, string name)
    {
        (Model, Options, Name) = (model, options, name);
        options.Check();
        WeightTable table = model.Weights();
        string owner = $"The adapter {name} of {model.Name}";
        IReadOnlyList<LoraTarget> targets = LoraTargets.Find(options, table, model.BodyPrefix, owner);
        IsInputsFirst = targets.Count > 0 && targets.All(t => t.Product.IsInputsFirst);
        _layers = new LoraLayers("lora_" + name, targets, LoraTargets.FindSaved(options, table, owner), options);
        (_modules, _copies) = (_layers.Modules, _layers.Copies);
        _twins = [.. _copies.SelectMany(c => LoraTargets.TwinsOf(c.Base, table).Select(t => (Prefix + t, new WeightEntry(Prefix + c.Base.Name, c.Copy, c.Base.Layout))))];
    }

    /// <summary>The model.</summary>
    public PretrainedModel Model { get; }

    /// <summary>The name among the model's adapters.</summary>
    public string Name { get; }

    /// <summary>What the adapter looks like.</summary>
    public LoraOptions Options { get; }

    /// <summary>What is trained: the factors, magnitudes and copies of modules.</summary>
    public IReadOnlyList<Parameter> Parameters => _layers.Parameters;

    /// <summary>The number of values of all its parameters.</summary>
    public long ParameterCount => Parameters.Sum(p => p.Shape.ElementCount);

    /// <summary>Whether the model computes with this adapter.</summary>
    public bool IsActive => Model.ActiveAdapter == this;

    /// <summary>Tells this adapter's programs from those of others.</summary>
    internal string FormKey => FormattableString.Invariant($"lora {_number};");

    internal Layer Layers => _layers;

    internal bool IsInputsFirst { get; }

    internal bool HasTiedCopies => _twins.Length > 0;

    /// <summary>Puts a new adapter on a model and makes it the active one. It changes nothing until it is trained: B begins at 0.</summary>
    /// <param name="model">The model, whose own parameters are frozen from now on.</param>
    /// <param name="options">What the adapter looks like.</param>
    /// <param name="name">Its name among the model's adapters.</param>
    /// <exception cref="OptionException">An option is out of range, or the name is not one.</exception>
    /// <exception cref="AdapterException">A target is no product of the model, or the model has an adapter of this name.</exception>
    /// <exception cref="ModelException">The model has averaged weights in place.</exception>
    public static LoraAdapter Attach(PretrainedModel model, LoraOptions options, string name = "default")
    {
        LoraAdapter adapter = Make(model, options, name);
        foreach ((WeightEntry source, Parameter copy) in adapter._copies)
            copy.Value = source.Variable.Value;
        foreach (LoraModule module in adapter._modules)
            module.TakeMagnitudes();
        adapter._layers.MarkFilled();
        adapter._layers.Begin((ulong)options.Seed);
        model.Take(adapter);
        return adapter;
    }

    /// <summary>Makes this adapter the one that the model computes with; the others rest, untrained.</summary>
    /// <exception cref="AdapterException">It is no longer on the model.</exception>
    public void Activate()
    {
        RequireAttached();
        Model.Use(this);
    }

    /// <summary>Lets the model compute without any adapter until one is activated. This one stays on the model, and the model stays frozen.</summary>
    /// <exception cref="AdapterException">It is no longer on the model.</exception>
    public void Deactivate()
    {
        RequireAttached();
        if (IsActive)
            Model.Use(null);
    }

    /// <summary>Takes the adapter off. The model is then as it was before the adapter came, bit for bit; the adapter keeps its values.</summary>
    /// <exception cref="AdapterException">It is no longer on the model.</exception>
    /// <exception cref="ModelException">The model has averaged weights in place.</exception>
    public void Detach()
    {
        RequireAttached();
        Model.Release(this);
    }

    /// <summary>All tensors with their names in files.</summary>
    internal IEnumerable<WeightEntry> Entries() =>
        _modules.SelectMany(m => m.Entries(Prefix)).Concat(_copies.Select(c => new WeightEntry(Prefix + c.Base.Name, c.Copy, c.Base.Layout)));

    /// <summary>The parameters, each with the one of the model that it changes.</summary>
    internal IEnumerable<(Variable Base, Parameter Parameter)> ParametersOfBases() =>
        _modules.SelectMany(m => m.Parameters.Select(p => ((Variable)m.Kernel, p))).Concat(_copies.Select(c => (c.Base.Variable, c.Copy)));

    /// <summary>Puts the adapter's rules in the place of the plain ones.</summary>
    internal void Connect()
    {
        foreach (LoraModule module in _modules)
            module.Kernel.Substitute = new AdaptedKernel(this, module);
        foreach ((WeightEntry source, Parameter copy) in _copies)
            source.Variable.Substitute = new TrainedCopy(this, copy);
        foreach (Parameter parameter in Parameters)
            parameter.Trainable = true;
    }

    /// <summary>Takes the adapter's rules away.</summary>
    internal void Disconnect()
    {
        foreach (LoraModule module in _modules)
            module.Kernel.Substitute = null;
        foreach ((WeightEntry source, _) in _copies)
            source.Variable.Substitute = null;
        foreach (Parameter parameter in Parameters)
            parameter.Trainable = false;
    }

    private static LoraAdapter Make(PretrainedModel model, LoraOptions options, string name)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(name);
        SiblingNames.RequireValid(name);
        return model.Adapters.Any(a => a.Name == name)
            ? throw new AdapterException($"The model {model.Name} has an adapter with the name {name} already. Hint: give another name, or detach that one.")
            : new LoraAdapter(model, options, name);
    }

    private void RequireAttached()
    {
        if (!Model.Adapters.Contains(this))
            throw new AdapterException($"The adapter {Name} is no longer on the model {Model.Name}: it was merged or detached.");
    }

    /// <summary>A kernel beside which a low-rank part is computed, or which has it in it.</summary>
    private sealed class AdaptedKernel(LoraAdapter adapter, LoraModule module) : Substitute
    {
        internal override Tensor? Read() => AdapterFormScope.Of(adapter.Model) == AdapterForm.Merged ? adapter._merged![module.Kernel].Read() : null;

        internal override Tensor? Multiply(Tensor left) => AdapterFormScope.Of(adapter.Model) == AdapterForm.Adapted ? module.Multiply(left) : null;
    }

    /// <summary>A copy of a whole tensor.</summary>
    private sealed class TrainedCopy(LoraAdapter adapter, Parameter copy) : Substitute
    {
        internal override Tensor? Read() => AdapterFormScope.Of(adapter.Model) == AdapterForm.Base ? null : copy.Read();
    }
}
