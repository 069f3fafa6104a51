using System.Runtime.CompilerServices;

namespace Anneal.Data;

/// <summary>
/// Which code units stand side by side in some token. Where two neighbours of a text never do, no token reaches from one to the other, so both
/// sides can be encoded apart. It may say yes where the truth is no, never the other way.
/// </summary>
internal sealed class CharacterPairs
{
    private const int HashedBits = 1 << 20, AsciiBits = 128 * 128;
    private readonly ulong[] _bits = new ulong[(AsciiBits + HashedBits) / 64];

    internal void AddToken(ReadOnlySpan<char> token)
    {
        for (int i = 1; i < token.Length; i++)
        {
            int index = IndexOf(token[i - 1], token[i]);
            _bits[index >> 6] |= 1ul << (index & 63);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool Contains(char left, char right)
    {
        int index = IndexOf(left, right);
        return (_bits[index >> 6] >> (index & 63) & 1) != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int IndexOf(char left, char right) =>
        (left | right) < 128 ? left << 7 | right : AsciiBits + (int)((((uint)left << 16 | right) * 0x9E3779B1u) >> 12);
}
