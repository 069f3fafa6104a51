using System.Diagnostics.CodeAnalysis;

namespace Anneal;

/// <summary>
/// A network that can be trained, evaluated, saved and loaded. Describe one by its inputs and outputs, or derive from it, track the
/// layers in the constructor and override <see cref="Call(Tensor)"/> (or the form with several tensors).
/// </summary>
/// <remarks>
/// <see cref="Seed"/> is the only source of chance: the first values of parameters, dropout and the order of the examples follow from it,
/// from names and from the number of the step or epoch, never from time or threads. A model can be nested in another one; the seed of
/// the outermost counts.
/// </remarks>
public partial class Model : Layer
{
    private const int BatchForShapes = 2;
    private readonly FunctionalGraph? _graph;
    private long _seed;

    /// <summary>Makes a functional model of one input and one output.</summary>
    /// <exception cref="ModelException">The output does not come from the input alone.</exception>
    public Model(LayerOutput input, LayerOutput output, string? name = null) : this([input], [output], name)
    {
    }

    /// <summary>Makes a functional model.</summary>
    /// <param name="inputs">What enters, made by <see cref="Input"/>.</param>
    /// <param name="outputs">What the model gives.</param>
    /// <param name="name">The name; null is <c>model</c>.</param>
    /// <exception cref="ModelException">The outputs need an input that is not given, or an input is not one.</exception>
    public Model(IReadOnlyList<LayerOutput> inputs, IReadOnlyList<LayerOutput> outputs, string? name = null) : base(name)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        _graph = new FunctionalGraph(inputs, outputs);
        foreach (LayerCall call in _graph.Calls)
            Adopt(call.Layer);
    }

    /// <summary>Makes a model whose class says what it computes.</summary>
    protected Model(string? name = null) : base(name)
    {
    }

    /// <summary>
    /// Where all chance in this model comes from; 0 unless it is set when the model is made. The same seed gives the same model on every
    /// machine with the same kernels, for any number of threads.
    /// </summary>
    /// <exception cref="OptionException">The seed is negative.</exception>
    public long Seed
    {
        get => _seed;
        init => _seed = value >= 0 ? value : throw new OptionException($"{nameof(Seed)} must be at least 0, but is {value}.");
    }

    /// <summary>The types of one example of each input, or null before the model is built.</summary>
    public IReadOnlyList<TensorType>? InputTypes { get; private set; }

    private protected virtual FunctionalGraph? Graph => _graph;

    /// <summary>Applies the model to several tensors, inside of a trace or lazily.</summary>
    public IReadOnlyList<Tensor> Apply(IReadOnlyList<Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return ApplyAll([.. inputs]);
    }

    /// <summary>Applies the model to the outputs of layers, to describe another functional model.</summary>
    public IReadOnlyList<LayerOutput> Apply(IReadOnlyList<LayerOutput> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        return LayerCall.Connect(this, [.. inputs]);
    }

    /// <summary>Makes the parameters for inputs of this shape. Fit, Predict and Load do so by themselves.</summary>
    /// <param name="inputShape">The extents of one example, without the batch.</param>
    /// <param name="dtype">The type of the elements.</param>
    /// <exception cref="ShapeException">A layer cannot take its input; it is named, and nothing is built.</exception>
    public void Build(Shape inputShape, DType dtype = DType.Float32) => EnsureBuilt([new TensorType(dtype, inputShape)]);

    /// <summary>Makes the parameters for inputs of these types, without the batch.</summary>
    /// <exception cref="ShapeException">A layer cannot take its input; it is named, and nothing is built.</exception>
    public void Build(IReadOnlyList<TensorType> inputTypes)
    {
        ArgumentNullException.ThrowIfNull(inputTypes);
        EnsureBuilt([.. inputTypes]);
    }

    /// <summary>Computes the output of a derived model from its input; override it, or the form with several tensors.</summary>
    protected override Tensor Call(Tensor input) => Call([input])[0];

    /// <summary>Computes the outputs of a derived model from its inputs, each <c>[batch, ...]</c>.</summary>
    protected virtual IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs) => throw new ModelException(
        $"The model {TypeName} says nothing about what it computes for {inputs.Count} inputs. Hint: override {nameof(Call)}.");

    /// <summary>A table of the layers with their output shapes and numbers of parameters, and the totals.</summary>
    /// <exception cref="ModelException">The model is not built.</exception>
    public string Summary()
    {
        BuildIfKnown();
        return ModelSummary.Of(this);
    }

    internal override Tensor[] Run(Tensor[] inputs) =>
        Graph is { } graph ? graph.Run(inputs, this)
        : inputs.Length == 1 ? [Call(inputs[0])]
        : [.. Call(inputs)];

    internal override void BuildAll(Shape[] inputShapes)
    {
        if (inputShapes.Length > 0)
            base.BuildAll(inputShapes);
    }

    internal override void Unbuild()
    {
        base.Unbuild();
        InputTypes = null;
    }

    /// <summary>Whether a built model takes so many inputs. Models with inputs that may be left out say so here.</summary>
    internal virtual bool TakesInputs(int count) => InputTypes is null || InputTypes.Count == count;

    /// <summary>The types of one example of each output.</summary>
    internal TensorType[] RequireOutputTypes() => OutputTypes ?? throw NotBuilt();

    /// <summary>Builds the model where the inputs are known without being told.</summary>
    internal void BuildIfKnown()
    {
        if (InputTypes is null && DeclaredInputs() is { } types)
            EnsureBuilt(types);
    }

    [MemberNotNull(nameof(InputTypes))]
    internal void RequireBuilt()
    {
        BuildIfKnown();
        if (InputTypes is null)
            throw NotBuilt();
    }

    /// <summary>Builds the model for these inputs if it is not built yet.</summary>
    internal void EnsureBuilt(TensorType[] exampleTypes, bool namesOnly = false)
    {
        if (InputTypes is not null)
            return;
        TensorType[] outputs;
        using (var trace = new Trace("build of " + Name, training: false))
        {
            Tensor[] inputs = exampleTypes.Select((t, i) => trace.AddInput(LayerCall.Batched(t, BatchForShapes), $"{i}")).ToArray();
            using var scope = new BuildScope();
            outputs = Array.ConvertAll(ApplyAll(inputs), o => LayerCall.Single(o.Type, BatchForShapes, this));
            if (scope.Built.FirstOrDefault(l => !Contains(l)) is { } lost)
            {
                throw new ModelException(
                    $"The layer {lost.Name} is used by the model {Name} but is not part of it, so it would be neither trained nor saved. Hint: {nameof(Track)} it in the constructor.");
            }

            scope.Complete();
        }

        InputTypes = exampleTypes;
        OutputTypes = outputs;
        InitializeVariables(namesOnly);
    }

    /// <summary>Builds a model that knows what it gives for these inputs, so that it need not be recorded to find out.</summary>
    private protected void BuildAs(TensorType[] exampleTypes, TensorType[] outputs)
    {
        BuildAlone(Array.ConvertAll(exampleTypes, t => LayerCall.Batched(t, BatchForShapes).Shape));
        InputTypes = exampleTypes;
        OutputTypes = outputs;
        InitializeVariables();
    }

    /// <summary>The inputs that the model was described with, or null.</summary>
    private protected virtual TensorType[]? DeclaredInputs() => _graph?.Inputs.Select(i => i.Type).ToArray();

    private ModelException NotBuilt() => new($"The model {Name} is not built: the shape of its input is not known yet. Hint: call {nameof(Build)}, or {nameof(Fit)}.");
}
