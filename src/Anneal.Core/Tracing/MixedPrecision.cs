using Anneal.Passes;

namespace Anneal;

/// <summary>
/// Mixed precision in training loops of one's own; <c>Fit</c> has an option for it. Parameters and their gradients stay in float32, products
/// and convolutions run in bfloat16 or float16, sums, norms and the loss in float32 (Micikevicius et al., 2018).
/// </summary>
public static class MixedPrecision
{
    /// <summary>
    /// The same tensors computed in mixed precision. Call it on the loss inside of a traced function, before gradients are taken; with
    /// float16, multiply the loss by a scale and divide the gradients by it, or small gradients vanish.
    /// </summary>
    /// <param name="low">The type of products and convolutions: bfloat16 or float16.</param>
    /// <param name="outputs">The loss, and whatever else is wanted; float32 tensors come back as float32.</param>
    /// <returns>A tensor for each output, of its type and shape.</returns>
    /// <exception cref="DTypeException">The type is neither bfloat16 nor float16.</exception>
    /// <exception cref="TraceException">Outside of a trace.</exception>
    public static Tensor[] Lower(DType low, params ReadOnlySpan<Tensor> outputs) => Lower(low, outputs, []);

    /// <summary>
    /// The same tensors computed in mixed precision up to the predictions, and in float32 from there on: the loss sees what float32 can
    /// tell apart, such as a probability next to 1.
    /// </summary>
    /// <param name="low">The type of products and convolutions: bfloat16 or float16.</param>
    /// <param name="outputs">The loss, and whatever else is wanted; float32 tensors come back as float32.</param>
    /// <param name="predictions">What the model gives and the loss takes.</param>
    /// <returns>A tensor for each output, of its type and shape.</returns>
    /// <exception cref="DTypeException">The type is neither bfloat16 nor float16.</exception>
    /// <exception cref="TraceException">Outside of a trace.</exception>
    public static Tensor[] Lower(DType low, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor> predictions)
    {
        if (low is not (DType.BFloat16 or DType.Float16))
            throw new DTypeException($"Mixed precision works in bfloat16 or float16, not in {low.Name()}.");
        if (Trace.Current is not { } trace)
            throw new TraceException("Mixed precision rewrites a traced function. Hint: call it within Program.Compile.");
        return LowerPrecision.Run(
            low, [.. outputs.ToArray().Select(o => Trace.Admit(trace, o, null))], [.. predictions.ToArray().Select(p => Trace.Admit(trace, p, null))]);
    }
}
