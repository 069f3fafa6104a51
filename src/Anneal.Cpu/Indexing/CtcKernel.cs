using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>The CTC loss and its gradient for float32: the recursion in double precision, examples shared among threads.</summary>
internal sealed unsafe class CtcKernel : CpuKernel
{
    private readonly CtcShape _shape;
    private readonly long _batch;
    private readonly bool _wide, _isGradient;
    private readonly int _parts;

    private CtcKernel(Node node, int blank, int threads)
    {
        _shape = new CtcShape(node.Inputs[0].Shape, node.Inputs[1].Shape, blank);
        _batch = node.Inputs[0].Shape[0];
        _wide = node.Inputs[1].DType == DType.Int64;
        _isGradient = node.Op is CtcGradient;
        _parts = (int)Math.Clamp(_batch, 1, threads);
    }

    internal override long ScratchBytes => _parts * PartBytes;

    private long PartBytes => _shape.TableLength * sizeof(double) + (_shape.ListLength + 1) / 2 * 2 * sizeof(int);

    internal static CpuKernel? Make(KernelRequest request) => !request.IsFloat32 ? null : request.Node.Op switch
    {
        Ctc op => new CtcKernel(request.Node, op.Blank, request.Threads),
        CtcGradient op => new CtcKernel(request.Node, op.Blank, request.Threads),
        _ => null,
    };

    internal override BoundKernel Bind(byte** operands) => new Bound(this, operands);

    private void Compute(byte** operands, byte* scratch, int part)
    {
        int each = _shape.Time * _shape.Classes;
        var tables = new Span<double>(scratch + part * PartBytes, (int)_shape.TableLength);
        var lists = new Span<int>(scratch + part * PartBytes + _shape.TableLength * sizeof(double), (int)_shape.ListLength);
        for (long n = _batch * part / _parts; n < _batch * (part + 1) / _parts; n++)
        {
            var example = new CtcExample<float>(_shape, new ReadOnlySpan<float>((float*)operands[0] + n * each, each), tables, lists);
            for (int t = 0; t < _shape.Time; t++)
            {
                if (operands[2][n * _shape.Time + t] != 0)
                    example.AddStep(t);
            }

            for (int i = 0; i < _shape.Length; i++)
                example.AddLabel(IndexReader.Read(operands[1], _wide, n * _shape.Length + i));
            if (_isGradient)
                example.Gradient(((float*)operands[3])[n], new Span<float>((float*)operands[4] + n * each, each));
            else
                ((float*)operands[3])[n] = (float)example.Loss();
        }
    }

    private sealed class Bound(CtcKernel kernel, byte** operands) : BoundKernel
    {
        private readonly Job _job = new(kernel, operands);

        internal override void Run(byte* scratch, WorkerPool pool)
        {
            _job.Scratch = scratch;
            pool.Run(_job, kernel._parts);
        }
    }

    private sealed class Job(CtcKernel kernel, byte** operands) : ParallelJob
    {
        internal byte* Scratch { get; set; }

        internal override void Execute(int part) => kernel.Compute(operands, Scratch, part);
    }
}
