using System.Diagnostics.CodeAnalysis;

namespace Anneal.Data;

/// <summary>Tokens and their ids, both ways.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly string?[] _dense;
    private readonly Dictionary<int, string>? _sparse;

    /// <summary>Takes tokens with their ids, each token and each id once.</summary>
    internal Vocabulary(Dictionary<string, int> ids)
    {
        _ids = ids;
        _lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (int id in ids.Values)
            MaxId = Math.Max(MaxId, id);

        // A few giant ids must not cost memory.
        if (MaxId < 4L * ids.Count + 4096)
        {
            _dense = new string?[MaxId + 1];
            foreach ((string token, int id) in ids)
                _dense[id] = token;
        }
        else
        {
            _dense = [];
            _sparse = ids.ToDictionary(pair => pair.Value, pair => pair.Key);
        }
    }

    internal int Count => _ids.Count;

    /// <summary>The largest id, or -1.</summary>
    internal int MaxId { get; } = -1;

    internal IEnumerable<KeyValuePair<string, int>> Pairs => _ids;

    internal bool TryGetId(ReadOnlySpan<char> token, out int id) => _lookup.TryGetValue(token, out id);

    internal bool TryGetToken(int id, [NotNullWhen(true)] out string? token)
    {
        if (_sparse is not null)
            return _sparse.TryGetValue(id, out token);
        token = (uint)id < (uint)_dense.Length ? _dense[id] : null;
        return token is not null;
    }

    /// <summary>The tokens in the order of their ids.</summary>
    internal IEnumerable<KeyValuePair<string, int>> Ordered() => _ids.OrderBy(pair => pair.Value);
}
