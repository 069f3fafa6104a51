namespace Anneal.Cpu;

/// <summary>
/// The sizes of a product as <see cref="TiledProduct"/> sees it. The output is [batch, rows, groups * columns]; each group has its own
/// left and right operand.
/// </summary>
internal readonly record struct ProductShape(long Batch, long Rows, int Groups, int Columns, long Depth)
{
    /// <summary>Whether each batch has its own right operand.</summary>
    internal bool RightPerBatch { get; init; }

    /// <summary>Whether the left panels are packed with all rows of a depth contiguous.</summary>
    internal bool DepthMajorLeft { get; init; }

    /// <summary>
    /// Whether blocks are computed aside and handed to <see cref="TiledProduct.StoreRows"/>, because output rows lie scattered.
    /// </summary>
    internal bool ScatteredOutput { get; init; }

    internal long TotalColumns => (long)Groups * Columns;
}
