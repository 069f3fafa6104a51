using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Draws numbers from counters; every position is independent, so threads and order do not matter.</summary>
internal sealed unsafe class RandomUniformKernel : SimpleKernel
{
    private readonly ulong _stream;
    private readonly long _count;

    internal RandomUniformKernel(Node node)
    {
        _stream = ((RandomUniform)node.Op).Stream;
        _count = node.Outputs[0].Shape.ElementCount;
    }

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        ulong seed = ((ulong*)operands[0])[0], step = ((ulong*)operands[0])[1];
        float* target = (float*)operands[1];
        long whole = _count & ~3L;
        for (long i = 0; i < whole; i += 4)
        {
            (uint a, uint b, uint c, uint d) = Philox.Block(seed, _stream, step, i >> 2);
            target[i] = Philox.ToUniform(a);
            target[i + 1] = Philox.ToUniform(b);
            target[i + 2] = Philox.ToUniform(c);
            target[i + 3] = Philox.ToUniform(d);
        }

        for (long i = whole; i < _count; i++)
            target[i] = Philox.Uniform(seed, _stream, step, i);
    }
}
