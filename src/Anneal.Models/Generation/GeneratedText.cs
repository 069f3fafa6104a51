namespace Anneal.Models;

/// <summary>A text that is being continued.</summary>
/// <param name="read">What an encoder reads; null for a model without one.</param>
/// <param name="prompt">What stands before the first new token, at least one token.</param>
/// <param name="count">The most new tokens.</param>
/// <param name="random">The draws of this text.</param>
/// <param name="index">The place of the text among several.</param>
internal sealed class GeneratedText(int[]? read, int[] prompt, int count, RandomWords random, int index)
{
    private int[] _made = new int[Math.Min(count, 16)];
    private int _length;
    private RandomWords _random = random;

    /// <summary>The place of the text among several.</summary>
    internal int Index { get; } = index;

    /// <summary>What an encoder reads; null for a model without one.</summary>
    internal int[]? Read { get; } = read;

    /// <summary>What stands before the first new token.</summary>
    internal int[] Prompt { get; } = prompt;

    /// <summary>The most new tokens.</summary>
    internal int Count { get; } = count;

    /// <summary>The new tokens.</summary>
    internal ReadOnlySpan<int> Made => _made.AsSpan(0, _length);

    /// <summary>Whether nothing comes any more; who reads the tokens may say so too.</summary>
    internal bool IsEnded { get; set; }

    /// <summary>The newest token.</summary>
    internal int Last => _length == 0 ? Prompt[^1] : _made[_length - 1];

    /// <summary>Where the newest token stands.</summary>
    internal int Position => Prompt.Length + _length - 1;

    internal void Add(int token, ReadOnlySpan<int> ends)
    {
        if (_length == _made.Length)
            Array.Resize(ref _made, (int)Math.Min(Count, 2L * _length));
        _made[_length++] = token;
        IsEnded |= _length == Count || ends.Contains(token);
    }

    /// <summary>Evenly from [0, 1), 53 bits.</summary>
    internal double NextUniform() => ((_random.Next() >> 5) * 67108864.0 + (_random.Next() >> 6)) / 9007199254740992.0;
}
