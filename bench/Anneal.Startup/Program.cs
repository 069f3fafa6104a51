using System.Diagnostics;
using Anneal;

// What a process costs that loads a saved network and predicts once. Without arguments: measures itself so, as often as it takes for a median.
string folder = Path.Combine(Path.GetTempPath(), "anneal-startup");
if (args is ["once"])
{
    Model model = Model.Load(folder);
    float first = model.Predict(new TensorData(DType.Float32, [1, 28, 28, 1]), 1).AsSpan<float>()[0];
    Console.WriteLine(first);
    return 0;
}

var network = new Sequential(new Flatten(), new Dense(128, Activation.Relu), new Dense(64, Activation.Relu), new Dense(10));
network.Build([28, 28, 1]);
network.Save(folder);
var times = new double[21];
for (int i = 0; i < times.Length; i++)
{
    long start = Stopwatch.GetTimestamp();
    using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, "once") { RedirectStandardOutput = true })!;
    process.WaitForExit();
    times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    if (process.ExitCode != 0)
        return process.ExitCode;
}

Array.Sort(times);
Console.WriteLine(FormattableString.Invariant($"start, load and predict once: median {times[10]:F0} ms, least {times[0]:F0} ms"));
return 0;
