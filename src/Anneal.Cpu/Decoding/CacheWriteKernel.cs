using Anneal.Graphs;

namespace Anneal.Cpu;

/// <summary>Puts the next tokens' keys or values in their places; nothing else is touched where the cache is written over itself.</summary>
internal sealed unsafe class CacheWriteKernel : SimpleKernel
{
    private readonly long _bytes, _rows, _heads, _capacity, _time, _vectorBytes;
    private readonly bool _isWide;

    internal CacheWriteKernel(Node node)
    {
        TensorType cache = node.Inputs[0].Type;
        _bytes = cache.ByteCount;
        (_rows, _heads, _capacity) = (cache.Shape[0], cache.Shape[1], cache.Shape[2]);
        _time = node.Inputs[1].Shape[2];
        _vectorBytes = cache.Shape[3] * cache.DType.Size();
        _isWide = node.Inputs[2].DType == DType.Int64;
    }

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        byte* fresh = operands[1], target = operands[3];
        if (target != operands[0])
            Buffer.MemoryCopy(operands[0], target, _bytes, _bytes);
        for (long row = 0; row < _rows; row++)
        {
            long position = IndexReader.Read(operands[2], _isWide, row);
            for (long head = 0; head < _heads; head++, target += _capacity * _vectorBytes)
            {
                for (long time = 0; time < _time; time++, fresh += _vectorBytes)
                {
                    // Compared without adding: a position may be any number.
                    if (position >= -time && position < _capacity - time)
                        Buffer.MemoryCopy(fresh, target + ((position + time) * _vectorBytes), _vectorBytes, _vectorBytes);
                }
            }
        }
    }
}
