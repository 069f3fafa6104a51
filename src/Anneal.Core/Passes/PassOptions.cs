namespace Anneal.Passes;

/// <summary>Which optimisations a graph goes through: all, except where a test asks what one of them changes.</summary>
internal sealed record PassOptions
{
    internal static readonly PassOptions All = new();

    internal bool Deduplicate { get; init; } = true;

    internal bool Simplify { get; init; } = true;

    /// <summary>Whether elementwise operations and reductions share loops.</summary>
    internal bool FuseLoops { get; init; } = true;

    /// <summary>Whether loops finish the blocks of a kernel's result.</summary>
    internal bool FuseEpilogues { get; init; } = true;

    /// <summary>Whether loops compute cheap values again instead of keeping them.</summary>
    internal bool Recompute { get; init; } = true;

    /// <summary>How many kernels lie between readers of a cheap value that get copies of their own.</summary>
    internal int FarKernels { get; init; } = 8;

    /// <summary>The least bytes of a value of which far readers get copies.</summary>
    internal long LeastCopiedBytes { get; init; } = 64 << 10;

    /// <summary>Whether a variable's new value may be written over the old one before the end.</summary>
    internal bool UpdateInPlace { get; init; } = true;

    /// <summary>Whether a loop may write a result over an input that is read for the last time.</summary>
    internal bool ReuseInputs { get; init; } = true;

    /// <summary>Whether loops write parts of a concatenation straight to their places in it.</summary>
    internal bool PlaceParts { get; init; } = true;
}
