namespace Anneal;

/// <summary>
/// Long short-term memory (Hochreiter, Schmidhuber, 1997, with the forget gate of Gers et al., 2000). Input float32
/// <c>[batch, time, features]</c>; output <c>[batch, units]</c>, or <c>[batch, time, units]</c> of all steps; two states <c>[batch, units]</c>: what
/// the layer shows, which is the output, and its memory.
/// </summary>
/// <remarks>
/// With <c>z = x · kernel + bias + h · recurrentKernel</c>, cut into i, f, g, o: <c>c = σ(f) · c + σ(i) · act(g)</c>, <c>h = σ(o) · act(c)</c>, where σ is the
/// recurrent activation. Layout of Keras: kernel <c>[features, 4 · units]</c>, recurrent kernel <c>[units, 4 · units]</c>, bias and recurrent bias
/// <c>[4 · units]</c>, the gates in the order input, forget, candidate, output. PyTorch has the same order in the transposed weights
/// <c>[4 · units, features]</c>, and two biases.
/// </remarks>
public sealed class Lstm : RecurrentKernelLayer
{
    private Parameter? _recurrentBias;

    /// <summary>Makes the layer.</summary>
    /// <param name="units">The number of outputs; at least 1.</param>
    /// <param name="activation">Of the candidate and of the memory that is shown.</param>
    /// <param name="recurrentActivation">Of the gates.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="recurrentInitializer">The first value of the recurrent kernel; null is <see cref="Orthogonal"/>.</param>
    /// <param name="biasInitializer">The first value of the biases; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="unitForgetBias">Whether the bias of the forget gates is 1 at first (Jozefowicz et al., 2015), whatever <paramref name="biasInitializer"/> says.</param>
    /// <param name="dropout">The probability with which a feature of the input is dropped in training, at all steps alike; at least 0 and below 1.</param>
    /// <param name="recurrentDropout">The probability with which a unit of the state is dropped from its product in training, at all steps alike; at least 0 and below 1.</param>
    /// <param name="returnSequences">Whether the output has the values of all steps, or of the last one.</param>
    /// <param name="returnState">Whether the two states after the last step are further outputs.</param>
    /// <param name="goBackwards">Whether the sequence is read from its last step to its first.</param>
    /// <param name="useRecurrentBias">Whether a second bias is added to the state's product, as PyTorch has it; optimizers move two biases further than one.</param>
    /// <param name="name">The name; null takes <c>lstm</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Lstm(
        int units, Activation activation = Activation.Tanh, Activation recurrentActivation = Activation.Sigmoid, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? recurrentInitializer = null, Initializer? biasInitializer = null,
        bool unitForgetBias = true, double dropout = 0, double recurrentDropout = 0, bool returnSequences = false, bool returnState = false,
        bool goBackwards = false, bool useRecurrentBias = false, string? name = null)
        : base(
            nameof(Lstm), 4, units, activation, useBias, kernelInitializer, recurrentInitializer, biasInitializer, dropout, recurrentDropout,
            returnSequences, returnState, goBackwards, name)
    {
        RecurrentActivation = Require.Defined(recurrentActivation, nameof(Lstm), nameof(recurrentActivation));
        UnitForgetBias = unitForgetBias;
        UseRecurrentBias = useRecurrentBias;
    }

    /// <summary>The activation of the gates.</summary>
    public Activation RecurrentActivation { get; }

    /// <summary>Whether the bias of the forget gates is 1 at first.</summary>
    public bool UnitForgetBias { get; }

    /// <summary>Whether a second bias is added to the state's product.</summary>
    public bool UseRecurrentBias { get; }

    /// <summary>The second bias <c>[4 · units]</c>; null before the layer is built, or where there is none.</summary>
    public Parameter? RecurrentBias => _recurrentBias;

    private protected override IReadOnlyList<Shape> StateShapes => [Units, Units];

    private protected override Initializer FirstBias => UnitForgetBias ? new ForgetGateOnes(BiasInitializer) : BiasInitializer;

    private protected override Tensor? InputBias => RecurrentBiases.Sum(Bias, _recurrentBias);

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        base.Build(inputShape);
        _recurrentBias = UseRecurrentBias ? AddParameter("recurrent_bias", 4 * Units, BiasInitializer) : null;
    }

    private protected override RecurrentStep MakeStep(Func<Tensor, Tensor> drop) => (input, states) =>
    {
        Tensor gates = input + drop(states[0]).MatMul(RecurrentKernel!);
        (Tensor state, Tensor memory) = RecurrentSteps.Lstm(gates, states[1], Activation, RecurrentActivation);
        return (state, [state, memory]);
    };

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("recurrentActivation", RecurrentActivation);
        config.Set("unitForgetBias", UnitForgetBias);
        config.Set("useRecurrentBias", UseRecurrentBias);
    }

    internal static Lstm Read(LayerConfig config) => new(
        config.GetInt32("units"), config.GetEnum<Activation>("activation"), config.GetEnum<Activation>("recurrentActivation"), config.GetBoolean("useBias"),
        config.GetInitializer("kernelInitializer"), config.GetInitializer("recurrentInitializer"), config.GetInitializer("biasInitializer"),
        config.GetBoolean("unitForgetBias"), config.GetDouble("dropout"), config.GetDouble("recurrentDropout"), config.GetBoolean("returnSequences"),
        config.GetBoolean("returnState"), config.GetBoolean("goBackwards"), config.GetBoolean("useRecurrentBias"));
}
