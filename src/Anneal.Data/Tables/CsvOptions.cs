namespace Anneal.Data;

/// <summary>How a file of comma-separated values is read and written.</summary>
public sealed record CsvOptions
{
    /// <summary>What stands between two values: a character of ASCII that is no letter, digit, quote or line break.</summary>
    public char Delimiter { get; init; } = ',';

    /// <summary>How many characters a row may have, quotes included; at least 1024. It bounds the memory that a reader takes.</summary>
    public int MaximumRowLength { get; init; } = 1 << 24;

    internal void Check()
    {
        if (!char.IsAscii(Delimiter) || char.IsLetterOrDigit(Delimiter) || Delimiter is '"' or '\r' or '\n' or '\0')
        {
            throw new OptionException(
                $"{nameof(CsvOptions)}: {nameof(Delimiter)} must be a character of ASCII that is no letter, digit, quote or line break, but is U+{(int)Delimiter:X4}.");
        }

        if (MaximumRowLength < 1024)
            throw new OptionException($"{nameof(CsvOptions)}: {nameof(MaximumRowLength)} must be at least 1024, but is {MaximumRowLength}.");
    }
}
