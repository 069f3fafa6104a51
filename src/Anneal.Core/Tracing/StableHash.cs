using System.Text;

namespace Anneal;

/// <summary>A hash of text that is the same in every process and release: FNV-1a, 64 bits.</summary>
internal static class StableHash
{
    internal static ulong Of(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ b) * 1099511628211;
        return hash;
    }
}
