namespace Anneal;

/// <summary>Keeps what was compiled for the last few keys.</summary>
internal sealed class ProgramCache<TKey, TValue>(int size) where TKey : notnull
{
    private readonly Dictionary<TKey, (TValue Value, long LastUse)> _entries = [];
    private readonly Lock _lock = new();
    private long _uses;

    /// <summary>The value of a key, from the cache or made now; it is made once even if several threads ask.</summary>
    internal TValue Get(TKey key, Func<TValue> make)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out (TValue Value, long LastUse) entry))
            {
                entry.Value = make();
                if (_entries.Count >= size)
                    _entries.Remove(_entries.MinBy(e => e.Value.LastUse).Key);
            }

            _entries[key] = (entry.Value, ++_uses);
            return entry.Value;
        }
    }

    internal void Clear()
    {
        lock (_lock)
            _entries.Clear();
    }
}
