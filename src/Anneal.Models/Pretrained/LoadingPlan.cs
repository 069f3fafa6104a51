using Anneal.Saving;

namespace Anneal.Models;

/// <summary>Which tensor of a checkpoint goes where. Everything is compared before anything is read.</summary>
internal sealed class LoadingPlan
{
    private readonly Checkpoint _checkpoint;
    private readonly string? _bodyPrefix;
    private readonly bool _newHead;
    private readonly List<string> _missing = [], _unexpected = [], _mismatched = [];
    private readonly List<(WeightEntry Entry, string Name)> _twins = [];

    internal LoadingPlan(WeightTable table, Checkpoint checkpoint, string? bodyPrefix, bool newHead)
    {
        (_checkpoint, _bodyPrefix, _newHead) = (checkpoint, bodyPrefix is null ? null : bodyPrefix + ".", newHead);
        ILookup<string, string> others = table.OtherNames.ToLookup(o => o.Value, o => o.Key);
        var used = new HashSet<string>();
        foreach (WeightEntry entry in table.Entries)
        {
            if (newHead && !IsInBody(entry.Name))
                continue;
            string[] names = [.. others[entry.Name].Prepend(entry.Name).SelectMany(Spellings).Where(n => checkpoint.Find(n) is not null)];
            if (names.Length == 0 && table.Fallbacks.TryGetValue(entry.Name, out string? fallback) && checkpoint.Find(fallback) is not null)
                names = [fallback];
            used.UnionWith(names);
            if (names.Length > 0)
                Place(entry, names);
            else if (!table.Optional.Contains(entry.Name) && !(newHead && IsPooler(entry.Name)))
                _missing.Add(entry.Name);
        }

        _unexpected.AddRange(checkpoint.Names.Where(n => !used.Contains(n) && !table.IsIgnored(n) && !(newHead && IsOfAnotherHead(n))));
    }

    internal List<(WeightEntry Entry, MappedSafetensors File, SafetensorsEntry Source)> Tensors { get; } = [];

    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape.</exception>
    internal void RequireFits()
    {
        if (_missing.Count + _unexpected.Count + _mismatched.Count == 0)
            return;
        bool headOnly = !_newHead && _mismatched.Count == 0 && _missing.All(n => !IsBody(n)) && _unexpected.All(IsOfAnotherHead);
        throw new CheckpointException(
            _checkpoint.Folder, _missing, _unexpected, _mismatched,
            headOnly ? $" Hint: only the head differs; {nameof(PretrainedLoadOptions)}.{nameof(PretrainedLoadOptions.NewHead)} makes it anew." : "");
    }

    /// <summary>Tied weights that a file holds twice must be equal: the model has one tensor for both.</summary>
    internal void RequireEqualTwins()
    {
        foreach ((WeightEntry entry, string name) in _twins)
        {
            (MappedSafetensors file, SafetensorsEntry source) = _checkpoint.Find(name)!.Value;
            if (!WeightConversion.IsSame(file, source, entry))
            {
                throw new CheckpointException(
                    _checkpoint.Folder, [], [], [$"{name}: expected the values of {entry.Name}, to which it is tied, found others"],
                    " Hint: set tie_word_embeddings to false where both are meant.");
            }
        }
    }

    /// <summary>A name, and that without the body's prefix, under which files of the body alone have it.</summary>
    private IEnumerable<string> Spellings(string name) => IsInBody(name) ? [name, name[_bodyPrefix!.Length..]] : [name];

    private bool IsInBody(string name) => _bodyPrefix is not null && name.StartsWith(_bodyPrefix, StringComparison.Ordinal);

    private bool IsPooler(string name) => IsInBody(name) && name.AsSpan(_bodyPrefix!.Length).StartsWith("pooler.", StringComparison.Ordinal);

    // A pooler belongs to the body by its name, but models that were trained for something else lack it.
    private bool IsBody(string name) => _bodyPrefix is null || (IsInBody(name) && !IsPooler(name));

    /// <summary>Whether a tensor that this model does not have may belong to another head on the same body.</summary>
    private bool IsOfAnotherHead(string name) => !IsBody(name);

    private void Place(WeightEntry entry, string[] names)
    {
        foreach (string name in names)
        {
            (MappedSafetensors file, SafetensorsEntry source) = _checkpoint.Find(name)!.Value;
            if (source.Type.Shape != entry.FileShape || !WeightConversion.CanRead(source.Type.DType, entry.Layout))
            {
                string type = entry.Layout == WeightLayout.Count ? "int64" : "floating-point numbers ";
                _mismatched.Add($"{name}: expected {type}{entry.FileShape}, found {source.Type}");
            }
            else if (name == names[0])
            {
                Tensors.Add((entry, file, source));
            }
            else
            {
                _twins.Add((entry, name));
            }
        }
    }
}
