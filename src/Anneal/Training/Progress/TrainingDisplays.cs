using System.Globalization;
using Spectre.Console;

namespace Anneal;

/// <summary>Chooses a display.</summary>
internal static class TrainingDisplays
{
    internal static ITrainingDisplay For(Verbosity verbosity) => verbosity switch
    {
        Verbosity.Silent => new SilentDisplay(),
        Verbosity.Lines => new LineDisplay(),
        Verbosity.Bar => new BarDisplay(),
        _ => !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities.Interactive ? new BarDisplay() : new LineDisplay(),
    };
}

/// <summary>Shows nothing.</summary>
internal sealed class SilentDisplay : ITrainingDisplay
{
    public void BeginEpoch(EpochProgress progress)
    {
    }

    public void EndEpoch(EpochResult result, TimeSpan time)
    {
    }

    public void Dispose()
    {
    }
}

/// <summary>Writes a line for each epoch.</summary>
internal sealed class LineDisplay : ITrainingDisplay
{
    private int _lastEpoch;

    public void BeginEpoch(EpochProgress progress) => _lastEpoch = progress.LastEpoch;

    public void EndEpoch(EpochResult result, TimeSpan time) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Epoch {result.Epoch}/{_lastEpoch}: {result} ({time.TotalSeconds:F1} s)"));

    public void Dispose()
    {
    }
}
