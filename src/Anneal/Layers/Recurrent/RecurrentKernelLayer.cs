namespace Anneal;

/// <summary>
/// What <see cref="SimpleRnn"/>, <see cref="Lstm"/> and <see cref="Gru"/> have in common: a kernel for the input <c>[features, gates · units]</c>,
/// one for the state <c>[units, gates · units]</c>, biases and dropout. The input's product is one for all steps.
/// </summary>
public abstract class RecurrentKernelLayer : UnidirectionalLayer
{
    private readonly int _gates;
    private Parameter? _kernel, _recurrentKernel, _bias;

    private protected RecurrentKernelLayer(
        string type, int gates, int units, Activation activation, bool useBias, Initializer? kernelInitializer, Initializer? recurrentInitializer,
        Initializer? biasInitializer, double dropout, double recurrentDropout, bool returnSequences, bool returnState, bool goBackwards, string? name)
        : base(returnSequences, returnState, goBackwards, name)
    {
        _gates = gates;
        Units = Require.AtLeastOne(units, type, nameof(units));
        Activation = Require.Defined(activation, type, nameof(activation));
        UseBias = useBias;
        KernelInitializer = kernelInitializer ?? Initializer.GlorotUniform;
        RecurrentInitializer = recurrentInitializer ?? new Orthogonal();
        BiasInitializer = biasInitializer ?? Initializer.Zeros;
        Dropout = Require.Within(dropout, 0, 1, type, nameof(dropout));
        RecurrentDropout = Require.Within(recurrentDropout, 0, 1, type, nameof(recurrentDropout));
    }

    /// <summary>The number of outputs.</summary>
    public int Units { get; }

    /// <summary>What follows the sum of the products.</summary>
    public Activation Activation { get; }

    /// <summary>Whether biases are added.</summary>
    public bool UseBias { get; }

    /// <summary>The probability with which a feature of the input is dropped in training, the same features at all steps of a sequence.</summary>
    public double Dropout { get; }

    /// <summary>
    /// The probability with which a unit of the state is dropped from its product in training, the same units at all steps of a sequence (Gal,
    /// Ghahramani, 2016).
    /// </summary>
    public double RecurrentDropout { get; }

    /// <summary>The weights of the input <c>[features, gates · units]</c>; null before the layer is built.</summary>
    public Parameter? Kernel => _kernel;

    /// <summary>The weights of the state <c>[units, gates · units]</c>; null before the layer is built.</summary>
    public Parameter? RecurrentKernel => _recurrentKernel;

    /// <summary>The bias; null before the layer is built, or where there is none.</summary>
    public Parameter? Bias => _bias;

    private protected Initializer KernelInitializer { get; }

    private protected Initializer RecurrentInitializer { get; }

    private protected Initializer BiasInitializer { get; }

    private protected override IReadOnlyList<Shape> StateShapes => [Units];

    /// <summary>The extents of the bias.</summary>
    private protected virtual Shape BiasShape => _gates * Units;

    /// <summary>The first value of the bias.</summary>
    private protected virtual Initializer FirstBias => BiasInitializer;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        Require.Rank(inputShape, 3, this, "[batch, time, features]");
        _kernel = AddParameter("kernel", [inputShape[2], _gates * Units], KernelInitializer);
        _recurrentKernel = AddParameter("recurrent_kernel", [Units, _gates * Units], RecurrentInitializer);
        _bias = UseBias ? AddParameter("bias", BiasShape, FirstBias) : null;
    }

    private protected sealed override void Check(Tensor input)
    {
        Require.Floating(input, this);
        Require.Rank(input.Shape, 3, this, "[batch, time, features]");
        if (input.Shape[2] != _kernel!.Shape[0])
            throw new ShapeException($"Layer {Path} was built for {_kernel.Shape[0]} features in the last axis, but found an input of shape {input.Shape}.");
    }

    private protected sealed override Tensor Prepare(Tensor sequence)
    {
        if (DropoutMask(sequence.Type with { Shape = sequence.Shape[1..] }, Dropout, "dropout") is { } mask)
            sequence *= mask;
        Tensor projected = sequence.MatMul(_kernel!);
        return InputBias is { } bias ? projected + bias : projected;
    }

    /// <summary>What is added to the input's product, <c>[gates · units]</c>.</summary>
    private protected virtual Tensor? InputBias => _bias?.Read();

    private protected sealed override RecurrentStep MakeStep(TensorType firstState)
    {
        Tensor? mask = DropoutMask(firstState, RecurrentDropout, "recurrent_dropout");
        return MakeStep(state => mask is null ? state : state * mask);
    }

    /// <summary>The step, given what drops units of a state before its product.</summary>
    private protected abstract RecurrentStep MakeStep(Func<Tensor, Tensor> drop);

    /// <summary>In training 0 with the given probability, else what makes up for it; null where nothing is dropped.</summary>
    private static Tensor? DropoutMask(TensorType type, double rate, string use)
    {
        if (rate == 0 || Trace.Current is not { Training: true })
            return null;
        Tensor kept = Tensor.RandomUniform(type.Shape, use).GreaterOrEqual(rate);
        return Tensor.Select(kept, Tensor.Full(type.Shape, 1 / (1 - rate), type.DType), Tensor.Zeros(type.Shape, type.DType));
    }

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        config.Set("units", Units);
        config.Set("activation", Activation);
        config.Set("useBias", UseBias);
        config.Set("kernelInitializer", KernelInitializer);
        config.Set("recurrentInitializer", RecurrentInitializer);
        config.Set("biasInitializer", BiasInitializer);
        config.Set("dropout", Dropout);
        config.Set("recurrentDropout", RecurrentDropout);
        config.Set("returnSequences", ReturnSequences);
        config.Set("returnState", ReturnState);
        config.Set("goBackwards", GoBackwards);
    }
}
