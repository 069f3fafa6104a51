namespace Anneal;

/// <summary>
/// What computations see in the place of a variable. This is the one seam by which adapters change what layers compute, so that layers know nothing of
/// them. It is asked whenever something is traced, and may answer differently from trace to trace.
/// </summary>
internal abstract class Substitute
{
    /// <summary>What is read in the place of the variable, such as a copy that is trained while it stays; null is the variable itself.</summary>
    internal virtual Tensor? Read() => null;

    /// <summary>The product of a tensor <c>[..., inputs]</c> with the variable, where there is a better way than through its whole value; null is the plain one.</summary>
    internal virtual Tensor? Multiply(Tensor left) => null;
}
