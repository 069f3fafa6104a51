using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// The matrix product of the last two axes, <c>[..., m, k]</c> by <c>[..., k, n]</c>; the leading axes are equal. A transposed operand is
/// stored as <c>[..., k, m]</c> or <c>[..., n, k]</c>.
/// </summary>
internal sealed record MatMul(bool TransposeA, bool TransposeB) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        Shape a = inputs[0].Shape, b = inputs[1].Shape;
        if (inputs[0].DType != inputs[1].DType || !inputs[0].DType.IsFloating())
            throw new OperandException("needs floating-point operands of one data type.", isDType: true);
        if (a.Rank < 2 || a.Rank != b.Rank || a[..^2] != b[..^2])
            throw new OperandException("needs two stacks of matrices with equal leading axes.");
        (long m, long k) = TransposeA ? (a[^1], a[^2]) : (a[^2], a[^1]);
        (long rows, long n) = TransposeB ? (b[^1], b[^2]) : (b[^2], b[^1]);
        if (k != rows)
            throw new OperandException($"the {k} columns of the left operand do not meet the {rows} rows of the right one.");
        return [inputs[0] with { Shape = a[..^2].Concat([m, n]) }];
    }

    internal override Tensor?[] Gradient(GradientCall call)
    {
        Tensor a = call.Inputs[0], b = call.Inputs[1], up = call.Upstream;
        return
        [
            TransposeA ? Product(b, up, TransposeB, true) : Product(up, b, false, !TransposeB),
            TransposeB ? Product(up, a, true, TransposeA) : Product(a, up, !TransposeA, false),
        ];
    }

    internal override double CountOperations(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs) =>
        2.0 * outputs[0].Shape.ElementCount * (TransposeA ? inputs[0].Shape[^2] : inputs[0].Shape[^1]);

    internal static Tensor Product(Tensor a, Tensor b, bool transposeA, bool transposeB) =>
        Node.Apply(new MatMul(transposeA, transposeB), a, b);

    internal override void Reference(ReferenceCall call)
    {
        Shape a = call.InputShape(0), b = call.InputShape(1), c = call.OutputShape;
        long batches = c[..^2].ElementCount, m = c[^2], n = c[^1], k = TransposeA ? a[^2] : a[^1];
        (long aRow, long aColumn) = TransposeA ? (1L, m) : (k, 1L);
        (long bRow, long bColumn) = TransposeB ? (1L, k) : (n, 1L);
        for (long batch = 0; batch < batches; batch++)
        {
            for (long i = 0; i < m; i++)
            {
                for (long j = 0; j < n; j++)
                {
                    double sum = 0;
                    for (long p = 0; p < k; p++)
                        sum += call.Inputs[0][batch * m * k + i * aRow + p * aColumn] * call.Inputs[1][batch * k * n + p * bRow + j * bColumn];
                    call.Outputs[0][(batch * m + i) * n + j] = sum;
                }
            }
        }
    }

    internal override OpRecord Record => OpRecord.Standard;
}
