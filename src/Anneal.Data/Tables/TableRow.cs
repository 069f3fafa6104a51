namespace Anneal.Data;

/// <summary>A row of a table.</summary>
/// <param name="Line">The line of the file at which the row begins, counted from 1.</param>
/// <param name="Values">The values of the columns that were asked for, in that order.</param>
public sealed record TableRow(long Line, IReadOnlyList<string> Values)
{
    /// <summary>The value of a column that was asked for.</summary>
    /// <param name="column">Which of them, counted from 0.</param>
    public string this[int column] => Values[column];
}
