using System.Globalization;

namespace Anneal;

/// <summary>
/// The loss is finite, but a gradient is infinite or not a number. The step that showed it has changed nothing: the model is as it was before.
/// </summary>
public sealed class NonFiniteGradientException : AnnealException
{
    internal NonFiniteGradientException(int epoch, int step, double loss, double learningRate, string? parameter, string? note = null) : base(
        string.Create(
            CultureInfo.InvariantCulture,
            $"The gradient of {parameter ?? "a parameter"} is not finite in epoch {epoch}, step {step} (loss {loss}, learning rate {learningRate}). ")
        + (note is null ? "" : note + " ") + "The step has changed nothing. Hint: look for a root, a quotient or a logarithm at 0 in the model or its loss, lower the learning rate, and normalize the inputs.") =>
        (Epoch, Step, Loss, Parameter) = (epoch, step, loss, parameter);

    /// <summary>The epoch, counted from 1.</summary>
    public int Epoch { get; }

    /// <summary>The step in the epoch, counted from 1.</summary>
    public int Step { get; }

    /// <summary>The loss of the step.</summary>
    public double Loss { get; }

    /// <summary>The first parameter whose gradient is not finite, by its full name; null where computing the gradients again did not show it.</summary>
    public string? Parameter { get; }
}
