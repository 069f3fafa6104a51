using Anneal.Data;

namespace Anneal.Models;

/// <summary>
/// Trains a causal language model on preferences directly (DPO: Rafailov et al., Direct Preference Optimization, 2023). For the chosen answer y₊ and
/// the rejected one y₋ to a prompt x it gives the margin β · [log π(y₊|x) / π₀(y₊|x) - log π(y₋|x) / π₀(y₋|x)], where π is the policy, which is
/// trained, and π₀ the reference, which stays; the loss is -log σ(margin). So it is a model like any other: <c>Fit</c> trains the policy,
/// <c>Evaluate</c> gives the loss and the share of pairs whose chosen answer is preferred, <c>Predict</c> the margins.
/// </summary>
/// <remarks>
/// Inputs are those of <see cref="PreferenceRows.ToDataset"/>. With two, tokens and labels, the policy must compute with an adapter, and its reference is
/// the model without it: nothing is kept twice, and the reference never drops anything. With a third one the reference's logarithms come from
/// <see cref="LogProbabilities"/>, computed before training begins. Put adapters on the policy before this model is compiled; save the policy or its adapter,
/// not this model.
/// </remarks>
/// <example>
/// <code>
/// LoraAdapter adapter = LoraAdapter.Attach(policy, new LoraOptions { TargetModules = ["q_proj", "v_proj"] });
/// var preference = new PreferenceModel(policy, beta: 0.1);
/// preference.Compile(new AdamW(5e-5));
/// preference.Fit(PreferencePairs.Pad(pairs).ToDataset());
/// adapter.Save("my-adapter");
/// </code>
/// </example>
public sealed class PreferenceModel : Model
{
    /// <summary>Makes the model around a policy.</summary>
    /// <param name="policy">What is trained.</param>
    /// <param name="beta">How much the policy is held to the reference: the larger, the nearer it stays; above 0 and finite.</param>
    /// <exception cref="OptionException">Beta is out of range.</exception>
    public PreferenceModel(CausalLanguageModel policy, double beta = 0.1) : base("preference")
    {
        ArgumentNullException.ThrowIfNull(policy);
        if (!(beta > 0 && double.IsFinite(beta)))
            throw new OptionException(FormattableString.Invariant($"{nameof(PreferenceModel)}: {nameof(beta)} must be above 0 and finite, but is {beta}."));
        policy.EnsureBuilt([.. policy.InputsToBuild]);
        (Policy, Beta) = (Track(policy), beta);
    }

    /// <summary>What is trained.</summary>
    public CausalLanguageModel Policy { get; }

    /// <summary>How much the policy is held to the reference.</summary>
    public double Beta { get; }

    /// <summary>Says how the policy is trained: with the loss of the paper, and with the share of pairs whose chosen answer is preferred as accuracy.</summary>
    /// <param name="optimizer">What changes the parameters.</param>
    public void Compile(Optimizer optimizer) => Compile(optimizer, Loss.BinaryCrossentropy(fromLogits: true), Metric.Accuracy);

    /// <summary>The logarithms of the probabilities of the answers of pairs, for a reference that is not kept: summed over the tokens that are learned.</summary>
    /// <param name="model">The reference, such as the policy before it is trained.</param>
    /// <param name="rows">The pairs.</param>
    /// <param name="batchSize">How many pairs are computed at a time; at least 1.</param>
    /// <returns>float32 <c>[pairs, 2]</c>, the chosen answer's and the rejected one's.</returns>
    /// <exception cref="AnnealException">The texts are too long for the model, or a token is none of its own.</exception>
    public static TensorData LogProbabilities(CausalLanguageModel model, PreferenceRows rows, int batchSize = 8)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(rows);
        return new AnswerProbabilities(model).Predict(rows.ToDataset(), batchSize);
    }

    /// <summary>The margin of the definition.</summary>
    /// <param name="policy">Logarithms of the policy's probabilities of both answers, <c>[batch, 2]</c>.</param>
    /// <param name="reference">The reference's, <c>[batch, 2]</c>.</param>
    /// <param name="beta">How much the policy is held to the reference.</param>
    /// <returns><c>[batch, 1]</c>.</returns>
    internal static Tensor Margin(Tensor policy, Tensor reference, double beta)
    {
        Tensor ratio = policy - reference;
        return (ratio.Narrow(1, 0, 1) - ratio.Narrow(1, 1, 1)) * beta;
    }

    /// <summary>The sums of the logarithms of the probabilities of labels that count, of both texts of each pair.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokens"><c>[batch, 2, time]</c>.</param>
    /// <param name="labels"><c>[batch, 2, time]</c>.</param>
    /// <returns><c>[batch, 2]</c>.</returns>
    internal static Tensor AnswersOf(CausalLanguageModel model, Tensor tokens, Tensor labels)
    {
        (long pairs, long time) = (tokens.Shape[0], tokens.Shape[2]);

        // Rows are filled up behind their ends, which changes nothing in front of them.
        Tensor logits = model.Apply(tokens.Reshape(2 * pairs, time));
        return TokenLoss.LogProbabilities(logits, labels.Reshape(2 * pairs, time)).Sum([1]).Reshape(pairs, 2);
    }

    /// <summary>Makes sure that inputs are pairs of rows.</summary>
    internal static void RequirePairs(Model model, IReadOnlyList<Tensor> inputs)
    {
        Shape tokens = inputs[0].Shape;
        if (tokens.Rank != 3 || tokens[1] != 2 || inputs[1].Shape != tokens || !inputs[1].DType.IsInteger())
            throw new ShapeException($"The model {model.Name} expects tokens and labels [batch, 2, time] of whole numbers, but found {inputs[0].Type} and {inputs[1].Type}.");
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (inputs.Count is not (2 or 3))
            throw new ShapeException(FormattableString.Invariant($"The model {Name} takes 2 or 3 inputs (tokens, labels, logarithms of the reference), but {inputs.Count} were given."));
        RequirePairs(this, inputs);
        return [Margin(AnswersOf(Policy, inputs[0], inputs[1]), inputs.Count == 3 ? Given(inputs[2], inputs[0].Shape[0]) : WithoutAdapter(inputs[0], inputs[1]), Beta)];
    }

    internal override bool TakesInputs(int count) => count is 2 or 3;

    private Tensor Given(Tensor reference, long pairs) => reference.Shape == new Shape([pairs, 2]) && reference.DType == DType.Float32
        ? reference
        : throw new ShapeException($"The model {Name} expects the logarithms of the reference as float32 [batch, 2], but found {reference.Type}.");

    private Tensor WithoutAdapter(Tensor tokens, Tensor labels)
    {
        if (Policy.ActiveAdapter is null)
        {
            throw new AdapterException(
                $"The model {Name} was given no reference, and {Policy.Name} computes with no adapter without which it would be one. Hint: give {nameof(PreferenceRows.ToDataset)} what {nameof(LogProbabilities)} computes, or put an adapter on the model.");
        }

        using IDisposable form = Policy.WithoutAdapters();
        using Trace.InferenceScope mode = Trace.BeginInference();
        return AnswersOf(Policy, tokens, labels).StopGradient();
    }
}

/// <summary>What a model thinks of the answers of pairs.</summary>
internal sealed class AnswerProbabilities : Model
{
    private readonly CausalLanguageModel _model;

    internal AnswerProbabilities(CausalLanguageModel model) : base("answers")
    {
        model.EnsureBuilt([.. model.InputsToBuild]);
        _model = Track(model);
    }

    protected override IReadOnlyList<Tensor> Call(IReadOnlyList<Tensor> inputs)
    {
        PreferenceModel.RequirePairs(this, inputs);
        return [PreferenceModel.AnswersOf(_model, inputs[0], inputs[1])];
    }
}
