namespace Anneal.Cpu;

/// <summary>
/// Shape of a batched product c = a * b of row-major matrices: a is [m, k], or [k, m] where transposed, b is [k, n] or [n, k],
/// c is [batch, m, n]. Batch strides count elements; 0 means that all batches share the operand.
/// </summary>
internal readonly record struct MatMulShape(long Batch, long M, long N, long K)
{
    internal bool TransposeA { get; init; }

    internal bool TransposeB { get; init; }

    internal long BatchStrideA { get; init; }

    internal long BatchStrideB { get; init; }
}

/// <summary>Batched matrix product in single precision, prepared for one shape.</summary>
internal sealed unsafe class MatMulKernel : TiledProduct
{
    private const int DirectRightRows = 8;

    // Rows so far apart fall into the same sets of the first-level cache.
    private const int CollidingStride = 512;
    private const int CollidingDepthStride = 1024;

    // At half of that it depends on where the operands happen to lie, and on processors with narrow tiles costs up to a third; few rows are copied sooner.
    private const int RiskyStride = 256;
    private const int FewRows = 512;
    private readonly MatMulShape _shape;

    internal MatMulKernel(in MatMulShape shape, int threadCount)
        : base(Describe(shape), threadCount)
    {
        _shape = FoldBatch(shape);
    }

    /// <summary>Computes c; see <see cref="TiledProduct.ScratchBytes"/> for the scratch memory.</summary>
    internal void Run(float* a, float* b, float* c, byte* scratch, TileEpilogue? epilogue, WorkerPool pool) =>
        RunProduct(a, b, c, scratch, epilogue, pool);

    /// <summary>The same with b in panels, as <see cref="Arrange"/> makes them.</summary>
    internal void RunArranged(float* a, float* panels, float* c, byte* scratch, TileEpilogue? epilogue, WorkerPool pool) =>
        RunProduct(a, null, c, scratch, epilogue, pool, panels);

    /// <summary>Arranges b for <see cref="RunArranged"/> in <see cref="TiledProduct.PanelBytes"/> of memory, aligned to 64 bytes.</summary>
    internal void Arrange(float* b, float* panels) => FillPanels(b, panels);

    private protected override long RightRowStride => _shape.TransposeB || _shape.Batch > 1 ? 0 : _shape.N;

    private protected override long DirectRightStride => !_shape.TransposeB && _shape.M <= DirectRightRows ? _shape.N : 0;

    private protected override float* DirectRight(float* right, long batch, int group, long depth, int column) =>
        right + (batch * _shape.BatchStrideB) + (depth * _shape.N) + column;

    private protected override long DirectLeftStride =>
        _shape.TransposeA || _shape.K % (_shape.M <= FewRows ? RiskyStride : CollidingStride) == 0 ? 0 : _shape.K;

    private protected override float* DirectLeft(float* left, long batch, long row, long depth) =>
        left + (batch * _shape.BatchStrideA) + (row * _shape.K) + depth;

    private protected override long DirectDepthStride => _shape.TransposeA && _shape.M % CollidingDepthStride != 0 ? _shape.M : 0;

    private protected override float* DirectDepths(float* left, long batch, long row, long depth) =>
        left + (batch * _shape.BatchStrideA) + (depth * _shape.M) + row;

    private protected override OperandRanges OperandsOf(float* left, float* right, long batch, long row, long rowCount)
    {
        left += batch * _shape.BatchStrideA;
        long leftCount = _shape.TransposeA ? _shape.M * _shape.K : rowCount * _shape.K;
        return new(_shape.TransposeA ? left : left + (row * _shape.K), leftCount, right + (batch * _shape.BatchStrideB), _shape.N * _shape.K);
    }

    private protected override void PackLeft(
        float* left, long batch, int group, long row, int rowCount, long depth, int depthCount, float* panel, int stride)
    {
        left += batch * _shape.BatchStrideA;
        if (_shape.TransposeA)
        {
            left += (depth * _shape.M) + row;
            for (int k = 0; k < depthCount; k++, left += _shape.M, panel += stride)
                Packing.Copy(left, panel, rowCount);
            return;
        }

        left += (row * _shape.K) + depth;
        for (int i = 0; i < rowCount; i++, left += _shape.K, panel += RowMajorLeft.Stride)
            Packing.Copy(left, panel, depthCount);
    }

    private protected override void PackRight(
        float* right, long batch, int group, long depth, int depthCount, int column, int columnCount, int width, float* panel)
    {
        right += batch * _shape.BatchStrideB;
        if (_shape.TransposeB)
            Packing.PackTransposed(right + (column * _shape.K) + depth, _shape.K, depthCount, columnCount, width, panel);
        else
            Packing.PackRows(right + (depth * _shape.N) + column, _shape.N, depthCount, columnCount, width, panel);
    }

    private static ProductShape Describe(in MatMulShape given)
    {
        MatMulShape shape = FoldBatch(given);
        if (shape.N > int.MaxValue)
            throw new ArgumentException($"Expected fewer than 2^31 columns; got {shape.N}.", nameof(given));
        return new(shape.Batch, shape.M, 1, (int)shape.N, shape.K)
        {
            RightPerBatch = shape.Batch > 1 && shape.BatchStrideB != 0,
            DepthMajorLeft = shape.TransposeA,
        };
    }

    /// <summary>Batches that follow each other and share b are one tall matrix.</summary>
    private static MatMulShape FoldBatch(in MatMulShape shape)
    {
        bool folds = shape.Batch > 1 && shape.BatchStrideB == 0 && !shape.TransposeA && shape.BatchStrideA == shape.M * shape.K;
        return folds ? shape with { Batch = 1, M = shape.Batch * shape.M, BatchStrideA = 0 } : shape;
    }
}
