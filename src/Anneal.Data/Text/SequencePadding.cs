namespace Anneal.Data;

/// <summary>What happens to a sequence that is longer than there is room.</summary>
public enum Truncation
{
    /// <summary>It is an error.</summary>
    Refuse,

    /// <summary>Its beginning is kept; how much was cut off is counted.</summary>
    KeepStart,

    /// <summary>Its end is kept; how much was cut off is counted.</summary>
    KeepEnd,
}

/// <summary>Where short sequences are filled up.</summary>
public enum PaddingSide
{
    /// <summary>Behind the end.</summary>
    End,

    /// <summary>Before the start.</summary>
    Start,
}

/// <summary>How sequences are brought to one length.</summary>
public sealed record SequencePaddingOptions
{
    /// <summary>The length of every row; at least 1. Null is that of the longest sequence.</summary>
    public int? Length { get; init; }

    /// <summary>What happens to longer sequences.</summary>
    public Truncation Truncation { get; init; }

    /// <summary>Where shorter sequences are filled up.</summary>
    public PaddingSide Side { get; init; }

    /// <summary>What they are filled up with.</summary>
    public int Padding { get; init; } = WordVocabulary.Padding;

    internal void Check()
    {
        if (Length is { } length)
            Require.AtLeastOne(length, nameof(SequencePaddingOptions), nameof(Length));
        Require.Defined(Truncation, nameof(SequencePaddingOptions), nameof(Truncation));
        Require.Defined(Side, nameof(SequencePaddingOptions), nameof(Side));
    }
}

/// <summary>How much of sequences was cut off.</summary>
/// <param name="Sequences">How many sequences there were.</param>
/// <param name="Truncated">How many of them were longer than there was room.</param>
/// <param name="Dropped">How many of their numbers were cut off.</param>
/// <param name="Total">How many numbers there were in all.</param>
public sealed record TruncationReport(int Sequences, int Truncated, long Dropped, long Total)
{
    /// <summary>The report in a sentence.</summary>
    public override string ToString() => Truncated == 0
        ? FormattableString.Invariant($"none of {Sequences} sequences was truncated")
        : FormattableString.Invariant($"{Truncated} of {Sequences} sequences were truncated, {Dropped} of {Total} tokens dropped");
}

/// <summary>Sequences of one length.</summary>
/// <param name="Tokens">The numbers, int32 <c>[sequences, length]</c>.</param>
/// <param name="Mask">Where they are, bool <c>[sequences, length]</c>: false where a row was filled up.</param>
/// <param name="Report">How much was cut off.</param>
public sealed record PaddedSequences(TensorData Tokens, TensorData Mask, TruncationReport Report);

/// <summary>Brings sequences of numbers to one length.</summary>
public static class SequencePadding
{
    /// <summary>Fills up short sequences, and cuts off long ones where that is allowed.</summary>
    /// <param name="sequences">The sequences; at least one, and at least one that is not empty where no length is given.</param>
    /// <param name="options">Null for the defaults: as long as the longest, filled up behind the end.</param>
    /// <exception cref="DatasetException">There is no sequence, all are empty, or one is too long and may not be cut off.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    public static PaddedSequences Pad(IReadOnlyList<int[]> sequences, SequencePaddingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        options ??= new SequencePaddingOptions();
        options.Check();
        int length = options.Length ?? (sequences.Count == 0 ? 0 : sequences.Max(s => s.Length));
        if (sequences.Count == 0 || length == 0)
            throw new DatasetException("Padding needs at least one sequence that is not empty, or a length, but found neither.");
        var tokens = new TensorData(DType.Int32, [sequences.Count, length]);
        var mask = new TensorData(DType.Bool, [sequences.Count, length]);
        tokens.AsSpan<int>().Fill(options.Padding);
        int truncated = 0;
        long dropped = 0;
        for (int i = 0; i < sequences.Count; i++)
        {
            ReadOnlySpan<int> kept = Cut(sequences[i], length, options.Truncation, i);
            int start = i * length + (options.Side == PaddingSide.Start ? length - kept.Length : 0);
            kept.CopyTo(tokens.AsSpan<int>()[start..]);
            mask.AsSpan<bool>().Slice(start, kept.Length).Fill(true);
            truncated += kept.Length < sequences[i].Length ? 1 : 0;
            dropped += sequences[i].Length - kept.Length;
        }

        return new PaddedSequences(tokens, mask, new TruncationReport(sequences.Count, truncated, dropped, sequences.Sum(s => (long)s.Length)));
    }

    /// <summary>The part of a sequence for which there is room.</summary>
    internal static ReadOnlySpan<int> Cut(int[] sequence, int length, Truncation truncation, int index)
    {
        if (sequence.Length <= length)
            return sequence;
        return truncation switch
        {
            Truncation.KeepStart => sequence.AsSpan(0, length),
            Truncation.KeepEnd => sequence.AsSpan(sequence.Length - length),
            _ => throw new DatasetException(FormattableString.Invariant(
                $"Sequence {index} has {sequence.Length} tokens, {sequence.Length - length} more than the {length} there is room for. Hint: allow truncation, or a larger length.")),
        };
    }
}
