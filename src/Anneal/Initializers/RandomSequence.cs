namespace Anneal;

/// <summary>Numbers that follow one after another from a seed and a stream.</summary>
internal struct RandomSequence(ulong seed, ulong stream)
{
    // Philox counts from this step on, so that a parameter and a dropout of one name share no numbers.
    private const ulong InitializerStep = ulong.MaxValue;
    private long _block = -1;
    private int _used = 4;
    private (uint A, uint B, uint C, uint D) _words;

    /// <summary>Evenly from (0, 1), 32 bits, never 0 or 1.</summary>
    internal double NextUniform()
    {
        if (_used == 4)
        {
            _words = Ops.Philox.Block(seed, stream, InitializerStep, ++_block);
            _used = 0;
        }

        uint word = _used++ switch { 0 => _words.A, 1 => _words.B, 2 => _words.C, _ => _words.D };
        return (word + 0.5) / 4294967296.0;
    }

    /// <summary>Normally distributed with mean 0 and deviation 1 (Box and Muller, 1958).</summary>
    internal double NextNormal()
    {
        double radius = Math.Sqrt(-2 * Math.Log(NextUniform()));
        return radius * Math.Cos(2 * Math.PI * NextUniform());
    }

    /// <summary>Normally distributed, drawn again until it lies within two deviations.</summary>
    internal double NextTruncatedNormal()
    {
        double value;
        do
            value = NextNormal();
        while (Math.Abs(value) > 2);
        return value;
    }
}
