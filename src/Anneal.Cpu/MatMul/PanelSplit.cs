namespace Anneal.Cpu;

/// <summary>
/// How the columns of the right operand are cut into panels: as many of the widest as leave no panel of one vector behind, because two of
/// two vectors are faster than one of three and one of one. What a sum's order is does not depend on it.
/// </summary>
internal readonly struct PanelSplit
{
    private readonly int _vectorColumns;
    private readonly int _widestVectors;
    private readonly int _widestPanels;
    private readonly int _vectors;

    private PanelSplit(int columns, int vectorColumns, int widestVectors)
    {
        _vectorColumns = vectorColumns;
        _widestVectors = widestVectors;
        _vectors = (columns + vectorColumns - 1) / vectorColumns;
        _widestPanels = _vectors / widestVectors;
        if (widestVectors == 3 && _vectors % 3 == 1 && _vectors > 1)
            _widestPanels--;
        int rest = _vectors - (_widestPanels * widestVectors);
        Count = _widestPanels + ((rest + 1) / 2);
    }

    /// <summary>How many panels there are.</summary>
    internal int Count { get; }

    /// <summary>The columns of all panels, those that only fill up the last vector included.</summary>
    internal long Columns => (long)_vectors * _vectorColumns;

    /// <summary>The columns of the widest panel.</summary>
    internal int Widest => Math.Min(_widestVectors, _vectors) * _vectorColumns;

    internal static PanelSplit Of<TSet>(int columns)
        where TSet : struct, ITileSet => new(columns, TSet.VectorColumns, TSet.PanelVectors);

    /// <summary>The first column of a panel; for the number of panels that of all columns.</summary>
    internal int StartOf(int panel)
    {
        int vectors = (Math.Min(panel, _widestPanels) * _widestVectors) + (Math.Max(0, panel - _widestPanels) * 2);
        return Math.Min(vectors, _vectors) * _vectorColumns;
    }

    /// <summary>The columns of a panel, whole vectors.</summary>
    internal int WidthOf(int panel) => StartOf(panel + 1) - StartOf(panel);
}
