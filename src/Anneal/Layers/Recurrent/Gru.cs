namespace Anneal;

/// <summary>
/// The gated recurrent unit (Cho et al., 2014). Input float32 <c>[batch, time, features]</c>; output <c>[batch, units]</c>, or
/// <c>[batch, time, units]</c> of all steps; one state <c>[batch, units]</c>, which is the output.
/// </summary>
/// <remarks>
/// <c>h = z · h + (1 - z) · act(candidate)</c> with the update gate z and, for the candidate, the reset gate r: <c>x · W + r · (h · U + b)</c> where the gate
/// comes after the product, as in cuDNN and PyTorch, else <c>x · W + (r · h) · U</c>. Layout of Keras: kernel <c>[features, 3 · units]</c>, recurrent kernel
/// <c>[units, 3 · units]</c>, bias <c>[2, 3 · units]</c> (of the input's and of the state's product) where the gate comes after, else <c>[3 · units]</c>; the
/// gates in the order update, reset, candidate. PyTorch's order is reset, update, candidate.
/// </remarks>
public sealed class Gru : RecurrentKernelLayer
{
    /// <summary>Makes the layer.</summary>
    /// <param name="units">The number of outputs; at least 1.</param>
    /// <param name="activation">Of the candidate.</param>
    /// <param name="recurrentActivation">Of the gates.</param>
    /// <param name="useBias">Whether biases are added.</param>
    /// <param name="kernelInitializer">The first value of the kernel; null is <see cref="Initializer.GlorotUniform"/>.</param>
    /// <param name="recurrentInitializer">The first value of the recurrent kernel; null is <see cref="Orthogonal"/>.</param>
    /// <param name="biasInitializer">The first value of the biases; null is <see cref="Initializer.Zeros"/>.</param>
    /// <param name="dropout">The probability with which a feature of the input is dropped in training, at all steps alike; at least 0 and below 1.</param>
    /// <param name="recurrentDropout">The probability with which a unit of the state is dropped from its product in training, at all steps alike; at least 0 and below 1.</param>
    /// <param name="returnSequences">Whether the output has the values of all steps, or of the last one.</param>
    /// <param name="returnState">Whether the state after the last step is a second output.</param>
    /// <param name="goBackwards">Whether the sequence is read from its last step to its first.</param>
    /// <param name="resetAfter">Whether the reset gate acts after the state's product, or before it.</param>
    /// <param name="name">The name; null takes <c>gru</c> with a counter.</param>
    /// <exception cref="OptionException">An argument is out of range.</exception>
    public Gru(
        int units, Activation activation = Activation.Tanh, Activation recurrentActivation = Activation.Sigmoid, bool useBias = true,
        Initializer? kernelInitializer = null, Initializer? recurrentInitializer = null, Initializer? biasInitializer = null, double dropout = 0,
        double recurrentDropout = 0, bool returnSequences = false, bool returnState = false, bool goBackwards = false, bool resetAfter = true,
        string? name = null)
        : base(
            nameof(Gru), 3, units, activation, useBias, kernelInitializer, recurrentInitializer, biasInitializer, dropout, recurrentDropout,
            returnSequences, returnState, goBackwards, name)
    {
        RecurrentActivation = Require.Defined(recurrentActivation, nameof(Gru), nameof(recurrentActivation));
        ResetAfter = resetAfter;
    }

    /// <summary>The activation of the gates.</summary>
    public Activation RecurrentActivation { get; }

    /// <summary>Whether the reset gate acts after the state's product, or before it.</summary>
    public bool ResetAfter { get; }

    private protected override Shape BiasShape => ResetAfter ? [2, 3 * Units] : 3 * Units;

    private protected override Tensor? InputBias => ResetAfter && Bias is not null ? RowOfBias(0) : Bias?.Read();

    private protected override RecurrentStep MakeStep(Func<Tensor, Tensor> drop) => ResetAfter ? StepAfter(drop) : StepBefore(drop);

    private RecurrentStep StepAfter(Func<Tensor, Tensor> drop)
    {
        Tensor? bias = Bias is null ? null : RowOfBias(1);
        return (input, states) =>
        {
            Tensor product = drop(states[0]).MatMul(RecurrentKernel!);
            Tensor state = RecurrentSteps.GruResetAfter(input, bias is null ? product : product + bias, states[0], Activation, RecurrentActivation);
            return (state, [state]);
        };
    }

    private RecurrentStep StepBefore(Func<Tensor, Tensor> drop)
    {
        Tensor kernel = RecurrentKernel!, ofGates = kernel.Narrow(1, 0, 2 * Units), ofCandidate = kernel.Narrow(1, 2 * Units, Units);
        return (input, states) =>
        {
            Tensor dropped = drop(states[0]);
            Tensor state = RecurrentSteps.GruResetBefore(
                input, dropped.MatMul(ofGates), states[0], reset => (reset * dropped).MatMul(ofCandidate), Activation, RecurrentActivation);
            return (state, [state]);
        };
    }

    private Tensor RowOfBias(int row) => ((Tensor)Bias!).Narrow(0, row, 1).Reshape(3 * Units);

    /// <inheritdoc/>
    protected internal override void WriteConfig(LayerConfig config)
    {
        base.WriteConfig(config);
        config.Set("recurrentActivation", RecurrentActivation);
        config.Set("resetAfter", ResetAfter);
    }

    internal static Gru Read(LayerConfig config) => new(
        config.GetInt32("units"), config.GetEnum<Activation>("activation"), config.GetEnum<Activation>("recurrentActivation"), config.GetBoolean("useBias"),
        config.GetInitializer("kernelInitializer"), config.GetInitializer("recurrentInitializer"), config.GetInitializer("biasInitializer"),
        config.GetDouble("dropout"), config.GetDouble("recurrentDropout"), config.GetBoolean("returnSequences"), config.GetBoolean("returnState"),
        config.GetBoolean("goBackwards"), config.GetBoolean("resetAfter"));
}
