using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Anneal.Data;

/// <summary>
/// The tokens of words that were seen before. Its memory is bounded: when a part is full everything is forgotten. Not for several threads.
/// </summary>
internal sealed class WordCache
{
    /// <summary>Longer words are not kept.</summary>
    internal const int LongestWord = 64;

    private const int Slots = 1 << 15, MostWords = Slots / 2, MostChars = 1 << 18, MostTokens = 1 << 17, MostProbes = 16;

    private readonly Slot[] _slots = new Slot[Slots];
    private char[] _chars = new char[1 << 12];
    private WordToken[] _tokens = new WordToken[1 << 11];
    private int _words, _charCount, _tokenCount;

    /// <summary>Finds the tokens of a word.</summary>
    internal bool TryGet(ReadOnlySpan<char> word, ulong hash, out ReadOnlySpan<WordToken> tokens)
    {
        int index = (int)(hash >> 32) & (Slots - 1);
        for (int probe = 0; probe < MostProbes; probe++)
        {
            ref readonly Slot slot = ref _slots[(index + probe) & (Slots - 1)];
            if (slot.Length == 0)
                break;
            if (slot.Hash == hash && slot.Length == word.Length && word.SequenceEqual(_chars.AsSpan(slot.CharStart, slot.Length)))
            {
                tokens = _tokens.AsSpan(slot.TokenStart, slot.TokenCount);
                return true;
            }
        }

        tokens = default;
        return false;
    }

    /// <summary>Keeps the tokens of a word of 1 to <see cref="LongestWord"/> units.</summary>
    internal void Add(ReadOnlySpan<char> word, ulong hash, ReadOnlySpan<WordToken> tokens)
    {
        if (_words >= MostWords || _charCount + word.Length > MostChars || _tokenCount + tokens.Length > MostTokens)
        {
            Array.Clear(_slots);
            (_words, _charCount, _tokenCount) = (0, 0, 0);
        }

        if (tokens.Length > MostTokens)
            return;
        int index = (int)(hash >> 32) & (Slots - 1);
        for (int probe = 0; probe < MostProbes; probe++)
        {
            ref Slot slot = ref _slots[(index + probe) & (Slots - 1)];
            if (slot.Length != 0)
                continue;
            EnsureCapacity(word.Length, tokens.Length);
            word.CopyTo(_chars.AsSpan(_charCount));
            tokens.CopyTo(_tokens.AsSpan(_tokenCount));
            slot = new Slot(hash, _charCount, _tokenCount, word.Length, tokens.Length);
            _charCount += word.Length;
            _tokenCount += tokens.Length;
            _words++;
            return;
        }
    }

    /// <summary>A hash of a word. It need not be the same elsewhere: nothing but speed depends on it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Hash(ReadOnlySpan<char> word)
    {
        const ulong Multiplier = 0x9E3779B97F4A7C15;
        ulong hash = (ulong)word.Length * Multiplier;
        ref char first = ref MemoryMarshal.GetReference(word);
        int i = 0;
        for (; i + 4 <= word.Length; i += 4)
            hash = Mix(hash ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<char, byte>(ref Unsafe.Add(ref first, i))));
        ulong rest = 0;
        for (; i < word.Length; i++)
            rest = rest << 16 | Unsafe.Add(ref first, i);
        return Mix(hash ^ rest);

        static ulong Mix(ulong value)
        {
            value *= Multiplier;
            return value ^ value >> 29;
        }
    }

    private void EnsureCapacity(int chars, int tokens)
    {
        if (_charCount + chars > _chars.Length)
            Array.Resize(ref _chars, Math.Min(MostChars, 2 * _chars.Length + chars));
        if (_tokenCount + tokens > _tokens.Length)
            Array.Resize(ref _tokens, Math.Min(MostTokens, 2 * _tokens.Length + tokens));
    }

    private readonly record struct Slot(ulong Hash, int CharStart, int TokenStart, int Length, int TokenCount);
}
