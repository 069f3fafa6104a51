namespace Anneal;

/// <summary>
/// The simple recurrent layer: <c>h = activation(x · kernel + bias + h · recurrentKernel)</c>. Input float32 <c>[batch, time, features]</c>; output
/// <c>[batch, units]</c>, or <c>[batch, time, units]</c> of all steps; one state <c>[batch, units]</c>, which is the output.
/// </summary>
/// <remarks>Kernel <c>[features, units]</c>, recurrent kernel <c>[units, units]</c>, bias <c>[units]</c>, recurrent bias <c>[units]</c>.</remarks>
public sealed class SimpleRnn : RecurrentKernelLayer
{
    private Parameter? _recurrentBias;

    /// <summary>Makes the layer.</summary>
    /// <param name="units">The number of outputs; at least 1.</param>
    /// <param name="activation">What follows the sum of the products.</param>
    /// <param name="useBias">Whether a bias is added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="recurrentInitializer">The first value of the recurrent kernel; null is <see cref="Orthogonal"/>.</param>
    /// <param name="biasInitializer">The first value of the biases; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="dropout">The probability with which a feature of the input is dropped in training, at all steps alike; at least 0 and below 1.</param>
    /// <param name="recurrentDropout">The probability with which a unit of the state is dropped from its product in training, at all steps alike; at least 0 and below 1.</param>
    /// <param name="returnSequences">Whether the output has the values of all steps, or of the last one.</param>
    /// <param name="returnState">Whether the state after the last step is a second output.</param>
    /// <param name="goBackwards">Whether the sequence is read from its last step to its first.</param>
    /// <param name="useRecurrentBias">Whether a second bias is added to the state's product, as PyTorch has it; optimizers move two biases further than one.</param>
    /// <param name="name">The name; null takes <c>simple_rnn</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public SimpleRnn(
        int units, Activation activation = Activation.Tanh, bool useBias = true, Initializer? kernelInitializer = null,
        Initializer? recurrentInitializer = null, Initializer? biasInitializer = null, double dropout = 0, double recurrentDropout = 0,
        bool returnSequences = false, bool returnState = false, bool goBackwards = false, bool useRecurrentBias = false, string? name = null)
        : base(
            nameof(SimpleRnn), 1, units, activation, useBias, kernelInitializer, recurrentInitializer, biasInitializer, dropout, recurrentDropout,
            returnSequences, returnState, goBackwards, name) => UseRecurrentBias = useRecurrentBias;

    /// <summary>Whether a second bias is added to the state's product.</summary>
    public bool UseRecurrentBias { get; }

    /// <summary>The second bias <c>[units]</c>; null before the layer is built, or where there is none.</summary>
    public Parameter? RecurrentBias => _recurrentBias;

    /// <inheritdoc/>
    protected override void Build(Shape inputShape)
    {
        base.Build(inputShape);
        _recurrentBias = UseRecurrentBias ? AddParameter("recurrent_bias", Units, BiasInitializer) : null;
    }

    private protected override Tensor? InputBias => RecurrentBiases.Sum(Bias, _recurrentBias);

    private protected override RecurrentStep MakeStep(Func<Tensor, Tensor> drop) => (input, states) =>
    {
        Tensor state = RecurrentSteps.Simple(input, drop(states[0]).MatMul(RecurrentKernel!), Activation);
        return (state, [state]);
    };

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("useRecurrentBias", UseRecurrentBias);
    }

    internal static SimpleRnn Read(LayerConfig config) => new(
        config.GetInt32("units"), config.GetEnum<Activation>("activation"), config.GetBoolean("useBias"), config.GetInitializer("kernelInitializer"),
        config.GetInitializer("recurrentInitializer"), config.GetInitializer("biasInitializer"), config.GetDouble("dropout"),
        config.GetDouble("recurrentDropout"), config.GetBoolean("returnSequences"), config.GetBoolean("returnState"), config.GetBoolean("goBackwards"),
        config.GetBoolean("useRecurrentBias"));
}
