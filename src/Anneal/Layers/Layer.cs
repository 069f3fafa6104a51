using Anneal.Graphs;

namespace Anneal;

/// <summary>
/// A step of a network that may have parameters. Derive from it to write your own: declare parameters in <see cref="Build"/>, compute
/// in <see cref="Call"/>, and write what the constructor needs in <see cref="WriteConfig"/>.
/// </summary>
/// <remarks>
/// A layer is built on first use, when the shape of its input is known. Parameters are named by the path from the model to the layer,
/// such as <c>dense_1/kernel</c>. A layer without a name gets that of its type, with a counter within its model.
/// </remarks>
public abstract partial class Layer
{
    private readonly List<Layer> _children = [];
    private readonly List<LayerVariable> _variables = [];
    private readonly SiblingNames _childNames = new();
    private string? _name;

    /// <summary>Makes a layer.</summary>
    /// <param name="name">The name, without '/'; null takes that of the type, with a counter within the model.</param>
    /// <exception cref="OptionException">The name is empty or has a character that names cannot have.</exception>
    protected Layer(string? name = null)
    {
        if (name is not null)
            SiblingNames.RequireValid(name);
        _name = name;
    }

    /// <summary>The name: the part of the path that belongs to this layer.</summary>
    public string Name => _name ?? DefaultName;

    /// <summary>The name under which configurations are stored and <see cref="LayerRegistry"/> finds the type.</summary>
    public virtual string TypeName => GetType().Name;

    /// <summary>Whether the parameters of this layer and of those inside of it are trained.</summary>
    public bool Trainable { get; set; } = true;

    /// <summary>Whether the layer has met an input, so that its parameters exist.</summary>
    public bool IsBuilt { get; private set; }

    /// <summary>The parameters of this layer and of those inside of it, each once, in the order of their declaration.</summary>
    public IReadOnlyList<Parameter> Parameters => [.. NamedVariables().Select(v => v.Variable).OfType<Parameter>()];

    /// <summary>The states of this layer and of those inside of it, each once, in the order of their declaration.</summary>
    public IReadOnlyList<State> States => [.. NamedVariables().Select(v => v.Variable).OfType<State>()];

    /// <summary>The layers inside of this one, in the order in which they were tracked.</summary>
    public IReadOnlyList<Layer> Layers => _children;

    /// <summary>What the layer last gave for one example; null before it was built.</summary>
    internal TensorType[]? OutputTypes { get; private protected set; }

    private protected virtual string DefaultName => SiblingNames.ToSnakeCase(TypeName);

    internal bool HasOwnName => _name is not null;

    /// <summary>Applies the layer to a tensor, inside of a trace or lazily.</summary>
    /// <param name="input">The input, <c>[batch, ...]</c>.</param>
    /// <returns>The output, <c>[batch, ...]</c>.</returns>
    /// <exception cref="ShapeException">The input has a shape that the layer cannot take.</exception>
    /// <exception cref="DTypeException">The input has a data type that the layer cannot take.</exception>
    public Tensor Apply(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return ApplyAll([input])[0];
    }

    /// <summary>Applies the layer to the output of another one, to describe a functional model. Nothing is computed.</summary>
    public LayerOutput Apply(LayerOutput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return LayerCall.Connect(this, [input])[0];
    }

    /// <summary>Declares parameters with <see cref="AddParameter"/>. Called once, before the first call.</summary>
    /// <param name="inputShape">The shape of the first input; the first axis counts examples and says nothing.</param>
    protected virtual void Build(Shape inputShape)
    {
    }

    /// <summary>Computes the output from the input with operations of <see cref="Tensor"/>.</summary>
    /// <param name="input">The input, <c>[batch, ...]</c>.</param>
    protected abstract Tensor Call(Tensor input);

    /// <summary>
    /// Which steps of the output count, as bool <c>[batch, time]</c>; null where all do. Unless overridden it is the mask of the first input
    /// that has one and whose leading axes the output keeps.
    /// </summary>
    /// <param name="inputs">The inputs; <see cref="MaskOf"/> gives the mask of each.</param>
    /// <param name="output">The output.</param>
    protected virtual Tensor? ComputeMask(IReadOnlyList<Tensor> inputs, Tensor output)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(output);
        return inputs.Select(Masks.Of).FirstOrDefault(m => m is not null && Masks.Fits(m, output));
    }

    /// <summary>Which steps of a tensor <c>[batch, time, ...]</c> count, as bool <c>[batch, time]</c>; null where all do.</summary>
    protected static Tensor? MaskOf(Tensor tensor) => Masks.Of(tensor);

    /// <summary>Writes what the constructor needs to make this layer again. Without an override there is nothing to write.</summary>
    protected internal virtual void WriteConfig(LayerConfig config)
    {
    }

    /// <summary>Declares a parameter. Its first value follows from the model's seed and the full name alone.</summary>
    /// <param name="name">The name within the layer, such as <c>kernel</c>.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="initializer">Where the first value comes from.</param>
    protected Parameter AddParameter(string name, Shape shape, Initializer initializer)
    {
        var parameter = new Parameter(shape, $"{Name}/{name}");
        Declare(name, parameter, initializer);
        return parameter;
    }

    /// <summary>Declares a state: a value that is kept and saved but not trained.</summary>
    /// <param name="name">The name within the layer, such as <c>moving_mean</c>.</param>
    /// <param name="shape">The extents.</param>
    /// <param name="initializer">Where the first value comes from.</param>
    protected State AddState(string name, Shape shape, Initializer initializer)
    {
        var state = new State(shape, $"{Name}/{name}");
        Declare(name, state, initializer);
        return state;
    }

    /// <summary>Makes another layer part of this one, so that its parameters are trained and saved with it.</summary>
    /// <returns>The same layer.</returns>
    /// <exception cref="OptionException">Another layer inside of this one has the same name.</exception>
    protected T Track<T>(T layer) where T : Layer
    {
        Adopt(layer);
        return layer;
    }

    internal void Adopt(Layer layer)
    {
        ArgumentNullException.ThrowIfNull(layer);
        if (_children.Contains(layer))
            return;
        layer._name = layer._name is { } own ? _childNames.Take(own, this) : _childNames.Make(layer.DefaultName);
        _children.Add(layer);
    }

    /// <summary>Takes a layer out again, with its variables.</summary>
    internal void Abandon(Layer layer)
    {
        if (_children.Remove(layer))
            _childNames.Release(layer.Name);
    }

    /// <summary>Whether a layer is this one or inside of it.</summary>
    internal bool Contains(Layer layer) => layer == this || _children.Any(c => c.Contains(layer));

    internal void Rename(string name) => _name = name;

    /// <summary>The path of this layer in messages: that of the trace where there is one, else the name.</summary>
    internal string Path => Trace.Current is { LayerPath.Length: > 0 } trace ? trace.LayerPath : Name;

    /// <summary>Whether this layer or one around it is frozen; known while it is applied.</summary>
    private protected static bool IsFrozen => BuildScope.Current is { FrozenDepth: > 0 };

    /// <summary>Whether this layer and those inside of it are frozen, as text: programs compiled for another state must not be used.</summary>
    internal string FrozenKey => (Trainable ? "1" : "0") + string.Concat(_children.Select(c => c.FrozenKey));

    /// <summary>In which form this layer and those inside of it compute, such as with an adapter; empty where there is only one. Programs are compiled for each.</summary>
    internal virtual string FormKey
    {
        get
        {
            string key = "";
            foreach (Layer child in _children)
                key += child.FormKey;
            return key;
        }
    }

    /// <summary>Applies the layer to all of its inputs. The outermost layer that is applied gives first values to what was built.</summary>
    internal Tensor[] ApplyAll(Tensor[] inputs) => ApplyAll(inputs, Run);

    /// <summary>
    /// Applies the layer with a function in the place of <see cref="Run"/>: one that knows more than tensors, such as a cache of keys and values.
    /// Names, masks, first values and losses are as always.
    /// </summary>
    internal Tensor[] ApplyAll(Tensor[] inputs, Func<Tensor[], Tensor[]> run)
    {
        if (BuildScope.Current is { } outer)
            return Record(inputs, run, outer);
        using var scope = new BuildScope();
        Tensor[] outputs = Record(inputs, run, scope);
        InitializeVariables();
        scope.Complete();
        return outputs;
    }

    /// <summary>From all inputs to all outputs. Most layers have one of each.</summary>
    internal virtual Tensor[] Run(Tensor[] inputs)
    {
        if (inputs.Length != 1)
            throw new ShapeException($"Layer {Path} takes one input, but {inputs.Length} were given.");
        return [Call(inputs[0])];
    }

    /// <summary>Declares parameters for all inputs; most layers have one.</summary>
    internal virtual void BuildAll(Shape[] inputShapes) => Build(inputShapes[0]);

    /// <summary>Declares the variables without recording what the layer computes.</summary>
    private protected void BuildAlone(Shape[] inputShapes)
    {
        BuildAll(inputShapes);
        IsBuilt = true;
        EquipInside();
    }

    /// <summary>Forgets that the layer was built, because building the whole failed.</summary>
    internal virtual void Unbuild()
    {
        IsBuilt = false;
        OutputTypes = null;
        _variables.Clear();
    }

    /// <summary>All variables under this layer by their path from it, each once.</summary>
    internal IReadOnlyList<NamedVariable> NamedVariables()
    {
        var found = new List<NamedVariable>();
        Collect(this is Model ? "" : Name + "/", trainable: true, found, []);
        return found;
    }

    /// <summary>Gives names and first values to variables that have none yet.</summary>
    /// <param name="namesOnly">Whether the values come from elsewhere: those of a large network take a while to draw.</param>
    internal void InitializeVariables(bool namesOnly = false)
    {
        ulong seed = this is Model model ? (ulong)model.Seed : 0;
        foreach (NamedVariable found in NamedVariables())
        {
            found.Variable.Name = found.Name;
            if (!namesOnly)
                found.Declaration.InitializeOnce(seed, found.Name);
        }
    }

    private Tensor[] Record(Tensor[] inputs, Func<Tensor[], Tensor[]> run, BuildScope scope)
    {
        if (Trace.Current is not { } trace)
            return Invoke(inputs, run, scope);
        using (trace.Enter(Name))
            return Invoke(inputs, run, scope);
    }

    private Tensor[] Invoke(Tensor[] inputs, Func<Tensor[], Tensor[]> run, BuildScope scope)
    {
        if (inputs.Length == 0)
            throw new ShapeException($"Layer {Path} needs at least one input.");
        bool isFirst = !IsBuilt;
        if (isFirst)
        {
            scope.Add(this);
            BuildAll(Array.ConvertAll(inputs, i => i.Shape));
            IsBuilt = true;
        }

        Tensor[] outputs;
        scope.FrozenDepth += Trainable ? 0 : 1;
        try
        {
            using (Trace.Within(isOwnCode: OwnCode.Contains(GetType().Assembly)))
                outputs = run(inputs);
        }
        finally
        {
            scope.FrozenDepth -= Trainable ? 0 : 1;
        }

        // Layers inside of this one declare their parameters when they are applied.
        if (isFirst)
            EquipInside();
        AddActivityLoss(outputs);

        // A model has handed its masks on from layer to layer; an input that is passed through keeps its own.
        if (this is not Model)
        {
            foreach (Tensor output in outputs)
            {
                if (!inputs.Contains(output))
                    Masks.Attach(output, ComputeMask(inputs, output));
            }
        }

        OutputTypes ??= Array.ConvertAll(outputs, o => o.Shape.Rank == 0 ? o.Type : o.Type with { Shape = o.Shape[1..] });
        return outputs;
    }

    /// <summary>Makes a variable part of this layer.</summary>
    internal void Declare(string name, Variable variable, Initializer initializer)
    {
        ArgumentNullException.ThrowIfNull(initializer);
        SiblingNames.RequireValid(name);
        if (_variables.Any(v => v.Name == name))
            throw new OptionException($"Layer {Path} declares two variables with the name {name}.");
        var declared = new LayerVariable(name, variable, initializer);
        Equip(declared);
        _variables.Add(declared);
    }

    private void Collect(string prefix, bool trainable, List<NamedVariable> found, HashSet<Variable> seen)
    {
        trainable &= Trainable;
        foreach (LayerVariable own in _variables)
        {
            if (seen.Add(own.Variable))
                found.Add(new NamedVariable(prefix + own.Name, own.Variable, trainable && own.Variable is Parameter { Trainable: true }, own));
        }

        foreach (Layer child in _children)
            child.Collect(prefix + child.Name + "/", trainable, found, seen);
    }
}
