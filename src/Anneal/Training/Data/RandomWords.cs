using Anneal.Ops;

namespace Anneal;

/// <summary>
/// Random words of 32 bits, one after the other, from the counter-based generator Philox4x32-10 (Salmon et al., 2011). They depend on seed,
/// stream and epoch alone, never on threads or time, so an order of examples can be made again on any machine.
/// </summary>
internal struct RandomWords
{
    private readonly uint _key0, _key1, _epochLow, _epochHigh, _stream;
    private uint _block;
    private int _used;
    private (uint A, uint B, uint C, uint D) _words;

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
            _words = Philox.Block(_block++, _epochLow, _epochHigh, _stream, _key0, _key1);
            _used = 0;
        }

        return _used++ switch { 0 => _words.A, 1 => _words.B, 2 => _words.C, _ => _words.D };
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
}
