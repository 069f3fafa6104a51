using System.Runtime.CompilerServices;

namespace Anneal;

/// <summary>
/// Random words of 32 bits, one after the other, from the counter-based generator Philox4x32-10 (Salmon et al., 2011). They depend on seed,
/// stream and epoch alone, never on threads or time, so an order of examples can be made again on any machine.
/// </summary>
internal struct RandomWords
{
    private const uint MultiplierA = 0xD2511F53, MultiplierB = 0xCD9E8D57;
    private const uint KeyStepA = 0x9E3779B9, KeyStepB = 0xBB67AE85;

    private readonly uint _key0, _key1, _epochLow, _epochHigh, _stream;
    private uint _block;
    private int _used;
    private Block _words;

    internal RandomWords(long seed, uint stream, long epoch)
    {
        (_key0, _key1) = ((uint)seed, (uint)((ulong)seed >> 32));
        (_epochLow, _epochHigh) = ((uint)epoch, (uint)((ulong)epoch >> 32));
        _stream = stream;
        _used = 4;
    }

    /// <summary>The next 32 bits.</summary>
    internal uint Next()
    {
        if (_used == 4)
        {
            _words = Generate(_block++, _epochLow, _epochHigh, _stream, _key0, _key1);
            _used = 0;
        }

        return _words[_used++];
    }

    /// <summary>A number from 0 to <paramref name="bound"/> - 1, each equally likely (Lemire's rejection).</summary>
    internal uint NextBelow(uint bound)
    {
        ulong product = (ulong)Next() * bound;
        if ((uint)product < bound)
        {
            uint threshold = (0u - bound) % bound;
            while ((uint)product < threshold)
                product = (ulong)Next() * bound;
        }

        return (uint)(product >> 32);
    }

    /// <summary>The four words that belong to a counter and a key.</summary>
    internal static Block Generate(uint c0, uint c1, uint c2, uint c3, uint key0, uint key1)
    {
        for (int round = 0; round < 10; round++)
        {
            ulong a = (ulong)MultiplierA * c0, b = (ulong)MultiplierB * c2;
            (c0, c1, c2, c3) = ((uint)(b >> 32) ^ c1 ^ key0, (uint)b, (uint)(a >> 32) ^ c3 ^ key1, (uint)a);
            key0 += KeyStepA;
            key1 += KeyStepB;
        }

        var block = default(Block);
        (block[0], block[1], block[2], block[3]) = (c0, c1, c2, c3);
        return block;
    }

    /// <summary>The output of one call of the generator.</summary>
    [InlineArray(4)]
    internal struct Block
    {
        private uint _first;
    }
}
