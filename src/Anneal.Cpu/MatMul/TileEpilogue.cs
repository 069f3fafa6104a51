namespace Anneal.Cpu;

/// <summary>What a fused operation does with each block of a product as soon as it is final, while it is in cache.</summary>
internal abstract class TileEpilogue
{
    /// <summary>
    /// Called once for each block of the output; the blocks cover it exactly once. Calls with different workers come at the same time.
    /// </summary>
    /// <param name="worker">Below the thread count of the kernel; no two calls at the same time have the same.</param>
    /// <param name="row">The first row, counted through all batches.</param>
    /// <param name="rowCount">How many rows.</param>
    /// <param name="column">The first column.</param>
    /// <param name="columnCount">How many columns; all of them where a row is not long and rows are many.</param>
    internal abstract void Apply(int worker, long row, long rowCount, long column, long columnCount);
}
