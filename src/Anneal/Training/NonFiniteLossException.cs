using System.Globalization;

namespace Anneal;

/// <summary>
/// The loss became infinite or not a number. The step that showed it has been applied, so the model's parameters may hold such values
/// too; nothing has been saved.
/// </summary>
public sealed class NonFiniteLossException : AnnealException
{
    internal NonFiniteLossException(int epoch, int step, double loss, double learningRate) : base(
        string.Create(CultureInfo.InvariantCulture, $"The loss is {loss} in epoch {epoch}, step {step} (learning rate {learningRate}); expected a finite number. ")
        + "The parameters have been updated with it. Hint: lower the learning rate, normalize the inputs and check them for values that are not finite, or compute the loss from logits.") =>
        (Epoch, Step, Loss) = (epoch, step, loss);

    /// <summary>The epoch, counted from 1.</summary>
    public int Epoch { get; }

    /// <summary>The step in the epoch, counted from 1.</summary>
    public int Step { get; }

    /// <summary>The loss that was found.</summary>
    public double Loss { get; }
}
