namespace Anneal;

/// <content>The losses that come with Anneal.</content>
public abstract partial class Loss
{
    /// <summary>Cross-entropy with one class of several given by its number: outputs <c>[batch, ..., classes]</c>, labels <c>[batch, ...]</c>.</summary>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities, which are normalized and kept within 1e-7 of 0 and 1.</param>
    /// <param name="ignoreIndex">A label that does not count.</param>
    /// <param name="labelSmoothing">The share s of the truth that is spread evenly over all classes, from 0 to 1: (1 - s) · loss + s · mean of -log p.</param>
    /// <exception cref="OptionException">The smoothing is out of range.</exception>
    public static Loss SparseCategoricalCrossentropy(bool fromLogits = false, long ignoreIndex = -100, double labelSmoothing = 0) =>
        new SparseCategoricalCrossentropy(fromLogits, ignoreIndex, labelSmoothing);

    /// <summary>Cross-entropy with a distribution over classes: outputs and targets <c>[batch, ..., classes]</c>.</summary>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities, which are normalized and kept within 1e-7 of 0 and 1.</param>
    /// <param name="labelSmoothing">The share of the truth that is spread evenly over all classes, from 0 to 1.</param>
    /// <exception cref="OptionException">The smoothing is out of range.</exception>
    public static Loss CategoricalCrossentropy(bool fromLogits = false, double labelSmoothing = 0) => new CategoricalCrossentropy(fromLogits, labelSmoothing);

    /// <summary>Cross-entropy of independent truth values: outputs and targets <c>[batch, ...]</c>, targets from 0 to 1.</summary>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities, which are kept within 1e-7 of 0 and 1.</param>
    /// <param name="labelSmoothing">The share of the truth that is moved to one half, from 0 to 1.</param>
    /// <exception cref="OptionException">The smoothing is out of range.</exception>
    public static Loss BinaryCrossentropy(bool fromLogits = false, double labelSmoothing = 0) => new BinaryCrossentropy(fromLogits, labelSmoothing);

    /// <summary>
    /// Focal loss of independent truth values (Lin et al., 2017): -alpha · (1 - p)^gamma · log p with the probability p of the truth, alpha
    /// being 1 - alpha for false ones: outputs and targets <c>[batch, ...]</c>, targets from 0 to 1.
    /// </summary>
    /// <param name="gamma">How much less easy examples count; 0 is the cross-entropy.</param>
    /// <param name="alpha">The weight of true values, from 0 to 1; null weighs both as 1.</param>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static Loss BinaryFocalCrossentropy(double gamma = 2, double? alpha = 0.25, bool fromLogits = false) =>
        new BinaryFocalCrossentropy(gamma, alpha, fromLogits);

    /// <summary>Focal loss over classes (Lin et al., 2017): sum of -alpha · t · (1 - p)^gamma · log p: outputs and targets <c>[batch, ..., classes]</c>.</summary>
    /// <param name="gamma">How much less easy examples count; 0 is the cross-entropy.</param>
    /// <param name="alpha">A factor from 0 to 1; null is 1.</param>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static Loss CategoricalFocalCrossentropy(double gamma = 2, double? alpha = 0.25, bool fromLogits = false) =>
        new CategoricalFocalCrossentropy(TargetKind.Distributions, gamma, alpha, fromLogits);

    /// <summary>Focal loss over classes with labels: outputs <c>[batch, ..., classes]</c>, labels <c>[batch, ...]</c>.</summary>
    /// <param name="gamma">How much less easy examples count; 0 is the cross-entropy.</param>
    /// <param name="alpha">A factor from 0 to 1; null is 1.</param>
    /// <param name="fromLogits">Whether the outputs are logits; otherwise probabilities.</param>
    /// <param name="ignoreIndex">A label that does not count.</param>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static Loss SparseCategoricalFocalCrossentropy(double gamma = 2, double? alpha = 0.25, bool fromLogits = false, long ignoreIndex = -100) =>
        new CategoricalFocalCrossentropy(TargetKind.Labels, gamma, alpha, fromLogits, ignoreIndex);

    /// <summary>
    /// Kullback-Leibler divergence from the outputs to the targets, both <c>[batch, ..., classes]</c>: sum over classes of t · (log t - log p),
    /// mean over positions, which PyTorch calls <c>batchmean</c>. Targets are probabilities; 0 · log 0 is 0.
    /// </summary>
    /// <param name="fromLogits">
    /// Whether the outputs are logits or, as PyTorch takes them, logarithms of probabilities, which are logits too; otherwise
    /// probabilities as Keras takes them, which are normalized and kept within 1e-7 of 0 and 1.
    /// </param>
    public static Loss KullbackLeiblerDivergence(bool fromLogits = false) => new KullbackLeiblerLoss(fromLogits);

    /// <summary>The mean of the squared differences: outputs and targets <c>[batch, ...]</c>.</summary>
    public static Loss MeanSquaredError() => new MeanSquaredErrorLoss();

    /// <summary>The mean of the absolute differences: outputs and targets <c>[batch, ...]</c>.</summary>
    public static Loss MeanAbsoluteError() => new MeanAbsoluteErrorLoss();

    /// <summary>100 times the mean of |output - target| / max(|target|, 1e-7), as Keras: outputs and targets <c>[batch, ...]</c>.</summary>
    public static Loss MeanAbsolutePercentageError() => new MeanAbsolutePercentageErrorLoss();

    /// <summary>The mean of (log(1 + output) - log(1 + target))²; outputs below 0 are taken as 0, targets are at least 0: both <c>[batch, ...]</c>.</summary>
    public static Loss MeanSquaredLogarithmicError() => new MeanSquaredLogarithmicErrorLoss();

    /// <summary>
    /// The mean of half the squared differences where they are at most delta, and of delta · (|difference| - delta / 2) elsewhere (Huber,
    /// 1964): outputs and targets <c>[batch, ...]</c>.
    /// </summary>
    /// <param name="delta">Where the parabola ends; finite and above 0.</param>
    /// <exception cref="OptionException">The delta is out of range.</exception>
    public static Loss Huber(double delta = 1) => new HuberLoss(delta);

    /// <summary>
    /// The mean of difference² / (2 · beta) where differences are below beta, and of |difference| - beta / 2 elsewhere (Girshick, 2015):
    /// outputs and targets <c>[batch, ...]</c>.
    /// </summary>
    /// <param name="beta">Where the parabola ends; finite and at least 0. With 0 it is the mean absolute error.</param>
    /// <exception cref="OptionException">The beta is out of range.</exception>
    public static Loss SmoothL1(double beta = 1) => new SmoothL1Loss(beta);

    /// <summary>The mean of log(cosh(difference)): outputs and targets <c>[batch, ...]</c>.</summary>
    public static Loss LogCosh() => new LogCoshLoss();

    /// <summary>
    /// The mean of rate - target · log(rate + 1e-7), which a Poisson distribution of the targets makes smallest: outputs and targets
    /// <c>[batch, ...]</c>, targets at least 0.
    /// </summary>
    /// <param name="logInput">
    /// Whether outputs are logarithms of rates, as in PyTorch: exp(output) - target · output, which exceeds float32 above 88. Otherwise rates
    /// as in Keras, which must be at least 0, for instance by <see cref="Activation.Softplus"/>.
    /// </param>
    public static Loss Poisson(bool logInput = false) => new PoissonLoss(logInput);

    /// <summary>The mean of max(0, 1 - target · output) for targets -1 and 1; 0 is read as -1: outputs and targets <c>[batch, ...]</c>.</summary>
    public static Loss Hinge() => new HingeLoss(isSquared: false);

    /// <summary>The mean of max(0, 1 - target · output)² for targets -1 and 1; 0 is read as -1: outputs and targets <c>[batch, ...]</c>.</summary>
    public static Loss SquaredHinge() => new HingeLoss(isSquared: true);

    /// <summary>
    /// max(0, 1 + max((1 - target) · output) - sum(target · output)) over the classes, as Keras, for one-hot targets: outputs and targets
    /// <c>[batch, ..., classes]</c>.
    /// </summary>
    public static Loss CategoricalHinge() => new CategoricalHingeLoss();

    /// <summary>
    /// The negative cosine of the angle between outputs and targets <c>[batch, ..., features]</c>, as Keras: from -1, the same direction, to 1.
    /// A vector of zeros has the cosine 0 with all others.
    /// </summary>
    public static Loss CosineSimilarity() => new CosineSimilarityLoss();

    /// <summary>
    /// max(0, margin + d(anchor, positive) - d(anchor, negative)) with Euclidean distances, for outputs that are the three vectors stacked:
    /// <c>[batch, 3, features]</c>. The target is one number for each example: 1 where the triplet counts, 0 where it does not.
    /// </summary>
    /// <param name="margin">How much further the negative should be; at least 0.</param>
    /// <exception cref="OptionException">The margin is out of range.</exception>
    public static Loss TripletMargin(double margin = 1) => new TripletMarginLoss(margin);

    /// <summary>
    /// The triplet loss of each example, for training loops of one's own: three tensors <c>[batch, ..., features]</c> to <c>[batch, ...]</c>. As
    /// in PyTorch 1e-6 is added to each difference.
    /// </summary>
    /// <param name="anchor">Vectors.</param>
    /// <param name="positive">What should be near them.</param>
    /// <param name="negative">What should be further away by the margin.</param>
    /// <param name="margin">How much further; at least 0.</param>
    /// <exception cref="OptionException">The margin is out of range.</exception>
    public static Tensor TripletMargin(Tensor anchor, Tensor positive, Tensor negative, double margin = 1)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        ArgumentNullException.ThrowIfNull(positive);
        ArgumentNullException.ThrowIfNull(negative);
        return TripletMarginLoss.Of(anchor, positive, negative, Require.Within(margin, 0, double.PositiveInfinity, nameof(TripletMargin), nameof(margin)));
    }

    /// <summary>
    /// Contrastive loss (Hadsell, Chopra and LeCun, 2006) of pairs whose vectors are stacked, <c>[batch, 2, features]</c>: d² / 2 for similar
    /// ones and max(0, margin - d)² / 2 for dissimilar ones. The target is one number for each example, as in the paper: 0 for a similar
    /// pair, 1 for a dissimilar one.
    /// </summary>
    /// <param name="margin">How far apart dissimilar vectors should be; at least 0.</param>
    /// <exception cref="OptionException">The margin is out of range.</exception>
    public static Loss Contrastive(double margin = 1) => new ContrastiveLoss(margin);

    /// <summary>
    /// Connectionist temporal classification (Graves et al., 2006): outputs <c>[batch, time, classes]</c> of logits, labels <c>[batch, length]</c>
    /// of whole numbers, of which any number may be padding. The loss of an example is divided by the number of its labels (at least 1), then the mean over examples
    /// is taken, as PyTorch. Steps that the output's mask leaves out do not enter; without a mask all steps do. The gradient exists once, not twice.
    /// </summary>
    /// <param name="blank">The class that stands for no label.</param>
    /// <param name="padding">A number in the targets that is no label, such as -1; it may be the blank.</param>
    /// <param name="zeroInfinity">Whether an example whose labels do not fit into its steps has loss 0. Otherwise its loss is infinite, which ends <c>Fit</c>.</param>
    /// <exception cref="OptionException">The blank is negative.</exception>
    public static Loss Ctc(int blank = 0, long padding = -1, bool zeroInfinity = false) => new CtcLoss(blank, padding, zeroInfinity);
}
