using System.Globalization;

namespace Anneal;

/// <summary>
/// The loss became infinite or not a number. The step that showed it has changed nothing: the model is as it was before.
/// </summary>
public sealed class NonFiniteLossException : AnnealException
{
    internal NonFiniteLossException(int epoch, int step, double loss, double learningRate, string source) : base(
        string.Create(CultureInfo.InvariantCulture, $"The loss is {loss} in epoch {epoch}, step {step} (learning rate {learningRate}); expected a finite number. {source} ")
        + "The step has changed nothing. Hint: lower the learning rate, normalize the inputs and check them for values that are not finite, or compute the loss from logits.") =>
        (Epoch, Step, Loss) = (epoch, step, loss);

    internal NonFiniteLossException(int batch, double loss, string source) : base(
        string.Create(CultureInfo.InvariantCulture, $"The loss is {loss} in batch {batch} of the evaluation; expected a finite number. {source}")) =>
        (Step, Loss) = (batch, loss);

    /// <summary>The epoch, counted from 1; 0 in an evaluation.</summary>
    public int Epoch { get; }

    /// <summary>The step in the epoch, or the batch of the evaluation, counted from 1.</summary>
    public int Step { get; }

    /// <summary>The loss that was found.</summary>
    public double Loss { get; }
}
