using Anneal.Graphs;

namespace Anneal.Ops;

/// <summary>
/// Numbers drawn evenly from [0, 1), 24 bits each: a function of the seed and step (an int64 tensor <c>[2]</c>), the stream and the
/// position, by Philox 4x32-10 (Salmon et al., 2011).
/// </summary>
internal sealed record RandomUniform(ulong Stream, Shape To) : Op
{
    internal override OpKind Kind => OpKind.Kernel;

    internal override TensorType[] Infer(ReadOnlySpan<TensorType> inputs)
    {
        if (inputs[0] != new TensorType(DType.Int64, 2))
            throw new OperandException("needs the seed and the step as int64[2].", isDType: true);
        return [new TensorType(DType.Float32, To)];
    }

    internal override Tensor?[] Gradient(GradientCall call) => [null];

    internal override string? NoGradientReason => "draws numbers";

    internal override void Reference(ReferenceCall call)
    {
        ulong seed = (ulong)(long)call.Inputs[0][0], step = (ulong)(long)call.Inputs[0][1];
        for (long i = 0; i < call.Outputs[0].Length; i++)
            call.Outputs[0][i] = Philox.Uniform(seed, Stream, step, i);
    }

    internal override OpRecord Record => OpRecord.Standard;
}

/// <summary>Counter-based random numbers: Philox 4x32-10 as defined by Salmon, Moraes, Dror and Shaw (2011).</summary>
internal static class Philox
{
    private const uint M0 = 0xD2511F53, M1 = 0xCD9E8D57, W0 = 0x9E3779B9, W1 = 0xBB67AE85;

    /// <summary>Four words for a counter of 128 bits under a key of 64.</summary>
    internal static (uint A, uint B, uint C, uint D) Block(uint a, uint b, uint c, uint d, uint k0, uint k1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)M0 * a, p1 = (ulong)M1 * c;
            (a, b, c, d) = ((uint)(p1 >> 32) ^ b ^ k0, (uint)p1, (uint)(p0 >> 32) ^ d ^ k1, (uint)p0);
            k0 += W0;
            k1 += W1;
        }

        return (a, b, c, d);
    }

    /// <summary>
    /// The block of four words that belongs to a seed, stream, step and block number. The key is the seed mixed with the stream; the
    /// counter holds the step and the block, so no two of them meet.
    /// </summary>
    internal static (uint A, uint B, uint C, uint D) Block(ulong seed, ulong stream, ulong step, long block)
    {
        ulong key = Mix(seed ^ Mix(stream));
        return Block((uint)block, (uint)((ulong)block >> 32), (uint)step, (uint)(step >> 32), (uint)key, (uint)(key >> 32));
    }

    /// <summary>The number in [0, 1) at a position.</summary>
    internal static float Uniform(ulong seed, ulong stream, ulong step, long position)
    {
        (uint a, uint b, uint c, uint d) = Block(seed, stream, step, position >> 2);
        return ToUniform((position & 3) switch { 0 => a, 1 => b, 2 => c, _ => d });
    }

    internal static float ToUniform(uint word) => (word >> 8) * (1f / (1 << 24));

    // The finalizer of SplitMix64 (Steele, Lea, Flood, 2014): spreads nearby seeds and streams over all keys.
    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
