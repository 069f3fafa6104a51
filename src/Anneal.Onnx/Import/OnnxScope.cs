namespace Anneal.Onnx;

/// <summary>The values of a graph by their names; a graph within a node also sees those around it.</summary>
internal sealed class OnnxScope(OnnxScope? outer)
{
    private readonly Dictionary<string, OnnxValue> _values = [];

    internal OnnxValue? Find(string name)
    {
        for (OnnxScope? at = this; at is not null; at = at._outer)
        {
            if (at._values.TryGetValue(name, out OnnxValue? value))
                return value;
        }

        return null;
    }

    /// <summary>Adds a value; false where the graph has one of this name already.</summary>
    internal bool TryAdd(string name, OnnxValue value) => _values.TryAdd(name, value);

    private readonly OnnxScope? _outer = outer;
}
