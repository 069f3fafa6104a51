namespace Anneal;

/// <summary>The running means that the optimizers of Adam's family share.</summary>
internal static class Moments
{
    /// <summary>The names of the slots that <see cref="Update"/> uses.</summary>
    internal static readonly IReadOnlyList<string> SlotNames = ["first_moment", "second_moment"];

    /// <summary>Moves the running means of the gradient and of its square, in the first two slots, by one step.</summary>
    internal static (Tensor First, Tensor Second) Update(ParameterUpdate update, double beta1, double beta2)
    {
        Tensor first = update.Slots[0] + (update.Gradient - update.Slots[0]) * (1 - beta1);
        Tensor second = update.Slots[1] * beta2 + update.Gradient * update.Gradient * (1 - beta2);
        update.Slots[0].Assign(first);
        update.Slots[1].Assign(second);
        return (first, second);
    }
}
