using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Anneal;

/// <summary>A live bar on a thread of its own, some ten times a second; when an epoch ends its line stays.</summary>
internal sealed class BarDisplay : ITrainingDisplay
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);
    private readonly AutoResetEvent _wake = new(false);
    private Thread? _thread;
    private volatile bool _isFinished;
    private volatile string? _final;

    public void BeginEpoch(EpochProgress progress)
    {
        (_isFinished, _final) = (false, null);
        _thread = new Thread(() => Show(progress)) { IsBackground = true, Name = "Anneal progress" };
        _thread.Start();
    }

    public void EndEpoch(EpochResult result, TimeSpan time)
    {
        _final = string.Create(CultureInfo.InvariantCulture, $"{result}  {time:m\\:ss}");
        Finish();
    }

    public void Dispose()
    {
        Finish();
        _wake.Dispose();
    }

    private void Finish()
    {
        _isFinished = true;
        _wake.Set();
        _thread?.Join();
        _thread = null;
    }

    private void Show(EpochProgress progress)
    {
        var statistics = new StatisticsColumn(() => Describe(progress));
        AnsiConsole.Progress()
            .AutoRefresh(false)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), statistics)
            .Start(context =>
            {
                ProgressTask task = context.AddTask(
                    string.Create(CultureInfo.InvariantCulture, $"Epoch {progress.Epoch}/{progress.LastEpoch}"), maxValue: progress.Steps);
                while (!_isFinished)
                {
                    task.Value = progress.Step;
                    context.Refresh();
                    _wake.WaitOne(Refresh);
                }

                task.Value = progress.Step;
                context.Refresh();
            });
    }

    private string Describe(EpochProgress progress) => _final ?? string.Create(
        CultureInfo.InvariantCulture,
        $"{progress.Step}/{progress.Steps}  {EvaluationResult.Format(progress.Values)}  {progress.Rate:N0}/s  {progress.Left:m\\:ss} left");

    private sealed class StatisticsColumn(Func<string> describe) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(describe());
    }
}
