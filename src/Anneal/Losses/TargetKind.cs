namespace Anneal;

/// <summary>What the targets of a <see cref="Loss"/> mean; it decides how they are read and how metrics judge the outputs.</summary>
public enum TargetKind
{
    /// <summary>A number for each output, <c>[batch, ...]</c> against <c>[batch, ...]</c>.</summary>
    Values,

    /// <summary>A truth value from 0 to 1 for each output; the outputs do not depend on each other.</summary>
    TruthValues,

    /// <summary>The number of a class, <c>[batch, ...]</c> against outputs <c>[batch, ..., classes]</c>.</summary>
    Labels,

    /// <summary>A distribution over classes, such as a one-hot row: <c>[batch, ..., classes]</c> on both sides.</summary>
    Distributions,
}
