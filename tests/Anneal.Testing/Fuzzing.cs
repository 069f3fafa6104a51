using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Anneal.Testing;

/// <summary>What a reader did with damaged files.</summary>
/// <param name="Inputs">How many it was given.</param>
/// <param name="Refused">How many it refused with one of Anneal's errors; the others it read.</param>
public sealed record FuzzCount(int Inputs, int Refused);

/// <summary>What one damaged file may cost, and how many there are by default.</summary>
public sealed record FuzzLimits
{
    /// <summary>The number of inputs where <c>ANNEAL_FUZZ_INPUTS</c> says nothing.</summary>
    public int ShortRun { get; init; } = 3000;

    /// <summary>The most bytes that one input may allocate, beside 200 for each of its own.</summary>
    public long MostBytes { get; init; } = 64 << 20;

    /// <summary>The longest that one input may take. One that took longer is tried again, because a loaded machine may stand still.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>
/// Readers of foreign files meet damaged ones: each is read, or refused with one of Anneal's errors, within bounds of memory and time.
/// <c>ANNEAL_FUZZ_INPUTS</c> gives the number of inputs for each reader. An input follows from its number alone.
/// </summary>
public static class Fuzzing
{
    private const string Variable = "ANNEAL_FUZZ_INPUTS";

    /// <summary>Gives damaged files to a reader.</summary>
    /// <param name="reader">The reader's name, for messages.</param>
    /// <param name="make">The input of a number.</param>
    /// <param name="read">Reads one.</param>
    /// <param name="limits">Null for the defaults.</param>
    /// <exception cref="InvalidOperationException">An input led to another error, or cost too much; the message has its number and content.</exception>
    public static FuzzCount Run(string reader, Func<int, byte[]> make, Action<byte[]> read, FuzzLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(make);
        ArgumentNullException.ThrowIfNull(read);
        limits ??= new FuzzLimits();
        int inputs = int.TryParse(Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : limits.ShortRun;
        int refused = 0;
        Parallel.For(0, inputs, new ParallelOptions { MaxDegreeOfParallelism = 2 }, number =>
        {
            byte[] input = make(number);
            if (Refuses(reader, number, input, read, limits))
                Interlocked.Increment(ref refused);
        });
        return new FuzzCount(inputs, refused);
    }

    private static bool Refuses(string reader, int number, byte[] input, Action<byte[]> read, FuzzLimits limits)
    {
        for (bool isSecond = false; ; isSecond = true)
        {
            long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            bool isRefused = false;
            try
            {
                read(input);
            }
            catch (AnnealException)
            {
                isRefused = true;
            }
            catch (Exception e)
            {
                throw Fail(reader, number, input, $"ended with {e.GetType().Name}: {e.Message}", e);
            }

            TimeSpan took = Stopwatch.GetElapsedTime(start);
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            if (bytes > limits.MostBytes + 200L * input.Length)
                throw Fail(reader, number, input, $"allocated {bytes} bytes", null);
            if (took <= limits.Longest)
                return isRefused;
            if (isSecond)
                throw Fail(reader, number, input, $"took {took.TotalSeconds:F1} seconds, twice", null);
        }
    }

    private static InvalidOperationException Fail(string reader, int number, byte[] input, FormattableString what, Exception? inner)
    {
        const int Shown = 4000;
        string content = Encoding.Latin1.GetString(input, 0, Math.Min(input.Length, Shown));
        return new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{reader}: input {number} {what.ToString(CultureInfo.InvariantCulture)}\n{content}"), inner);
    }
}
