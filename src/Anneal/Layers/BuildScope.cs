using Anneal.Ops;

namespace Anneal;

/// <summary>
/// What happens while the outermost layer is applied: which layers were built (to be forgotten again when a later one fails), and which
/// inputs are used as indices (to be checked on the host before a program runs).
/// </summary>
internal sealed class BuildScope : IDisposable
{
    [ThreadStatic]
    private static BuildScope? _current;

    private readonly BuildScope? _outer = _current;
    private readonly List<Layer> _built = [];
    private bool _isComplete;

    internal BuildScope() => _current = this;

    internal static BuildScope? Current => _current;

    /// <summary>The checks that the inputs need before a run.</summary>
    internal List<IndexCheck> IndexChecks { get; } = [];

    /// <summary>How many of the layers that are being applied, one inside of the other, are frozen.</summary>
    internal int FrozenDepth { get; set; }

    /// <summary>The layers that were built for the first time.</summary>
    internal IReadOnlyList<Layer> Built => _built;

    internal void Add(Layer layer) => _built.Add(layer);

    internal void Complete() => _isComplete = true;

    /// <summary>Notes that a tensor holds indices below a limit and not below a least one, where it is an input of the program.</summary>
    internal void RequireIndices(Tensor tensor, long limit, string layer, long least = 0)
    {
        Tensor? source = tensor;
        while (source is not null)
        {
            if (source.Node.Op is Ops.Reshape or Cast or Transpose or BroadcastTo)
            {
                source = source.Node.Inputs[0];
            }
            else if (source.Node.Trace is { IsBody: true } body)
            {
                source = body.Sources.GetValueOrDefault(source);
            }
            else
            {
                if (source.Node.Op is Graphs.Input input)
                    IndexChecks.Add(new IndexCheck(input.Index, limit, layer, least));
                return;
            }
        }
    }

    public void Dispose()
    {
        _current = _outer;
        if (_isComplete)
            return;
        foreach (Layer layer in _built)
            layer.Unbuild();
    }
}

/// <summary>An input whose values must lie between a least one and a limit.</summary>
/// <param name="Input">Which input of the program.</param>
/// <param name="Limit">The first value that is too large.</param>
/// <param name="Layer">The path of the layer that uses it.</param>
/// <param name="Least">The least value.</param>
internal sealed record IndexCheck(int Input, long Limit, string Layer, long Least = 0);
