using System.Diagnostics;

namespace Anneal;

/// <summary>Shows how training goes. Training writes numbers into an <see cref="EpochProgress"/> and never waits for the display.</summary>
internal interface ITrainingDisplay : IDisposable
{
    /// <summary>Called before the first step of an epoch.</summary>
    void BeginEpoch(EpochProgress progress);

    /// <summary>Called after the validation of an epoch.</summary>
    void EndEpoch(EpochResult result, TimeSpan time);
}

/// <summary>How far an epoch has come. Written by training, read by a display on another thread.</summary>
internal sealed class EpochProgress(int lastEpoch, int steps, int examples, Totals totals)
{
    private int _step, _examplesDone;
    private long _start;

    internal int Epoch { get; private set; }

    internal int LastEpoch => lastEpoch;

    internal int Steps => steps;

    internal int Step => Volatile.Read(ref _step);

    /// <summary>Examples a second since the epoch began.</summary>
    internal double Rate => Volatile.Read(ref _examplesDone) / Math.Max(Stopwatch.GetElapsedTime(_start).TotalSeconds, 1e-9);

    /// <summary>The time until the end of the epoch at the present rate.</summary>
    internal TimeSpan Left => Rate > 0 ? TimeSpan.FromSeconds(Math.Min((examples - Volatile.Read(ref _examplesDone)) / Rate, 1e6)) : TimeSpan.Zero;

    internal IEnumerable<KeyValuePair<string, double>> Values => totals.Running;

    internal void Begin(int epoch)
    {
        (Epoch, _step, _examplesDone) = (epoch, 0, 0);
        _start = Stopwatch.GetTimestamp();
    }

    internal void Advance(int count)
    {
        Volatile.Write(ref _examplesDone, _examplesDone + count);
        Volatile.Write(ref _step, _step + 1);
    }
}
