namespace Anneal.Data;

/// <summary>
/// A matrix of which only the entries that are not 0 are held, row after row (compressed sparse rows). Within a row the columns rise.
/// </summary>
public sealed class SparseMatrix
{
    private readonly long[] _starts;
    private readonly int[] _places;
    private readonly double[] _values;

    internal SparseMatrix(int columns, long[] starts, int[] places, double[] values) =>
        (Columns, _starts, _places, _values) = (columns, starts, places, values);

    /// <summary>The number of rows.</summary>
    public int Rows => _starts.Length - 1;

    /// <summary>The number of columns.</summary>
    public int Columns { get; }

    /// <summary>How many entries are held.</summary>
    public int Count => _values.Length;

    /// <summary>The columns of a row's entries, rising.</summary>
    public ReadOnlySpan<int> ColumnsOf(int row) => _places.AsSpan((int)_starts[row], (int)(_starts[row + 1] - _starts[row]));

    /// <summary>The values of a row's entries, in the order of <see cref="ColumnsOf"/>.</summary>
    public ReadOnlySpan<double> ValuesOf(int row) => _values.AsSpan((int)_starts[row], (int)(_starts[row + 1] - _starts[row]));

    /// <summary>The matrix with its zeros, float32 <c>[rows, columns]</c>.</summary>
    public TensorData ToDense()
    {
        var dense = new TensorData(DType.Float32, [Rows, Columns]);
        Span<float> values = dense.AsSpan<float>();
        for (int row = 0; row < Rows; row++)
        {
            ReadOnlySpan<int> columns = ColumnsOf(row);
            for (int i = 0; i < columns.Length; i++)
                values[row * Columns + columns[i]] = (float)ValuesOf(row)[i];
        }

        return dense;
    }
}
