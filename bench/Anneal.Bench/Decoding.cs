using System.Diagnostics;
using System.Globalization;
using Anneal.Cpu;
using Anneal.Execution;
using Anneal.Models;

namespace Anneal.Bench;

/// <summary>Measures how fast a text is continued, token by token, against the time that reading the weights takes.</summary>
internal static class Decoding
{
    private const int Warm = 4, Tokens = 32;

    private static readonly (string Name, Func<CausalLanguageModel> Make)[] Shapes =
    [
        ("gpt2 12x768", () => new Gpt2LMHeadModel(new Gpt2Config())),
        ("llama 12x1024", () => new LlamaForCausalLM(Llama(12, 1024, 16, 16, 2816))),
        ("llama 8x2048, 8 of 32 heads", () => new LlamaForCausalLM(Llama(8, 2048, 32, 8, 5632))),
    ];

    internal static int Run(int threads, int rounds, string? only, bool profiles)
    {
        Device.Default = new CpuDevice(new CpuOptions { Threads = threads });
        var pool = new WorkerPool(threads);
        Console.WriteLine($"{"model",-30} {"weights",9} {"text",6} {"ms/token",9} {"tokens/s",9} {"GB/s",7} {"of reading",10} {"of x + y",9}");
        foreach ((string name, Func<CausalLanguageModel> make) in Shapes.Where(s => only is null || s.Name.Contains(only, StringComparison.Ordinal)))
        {
            CausalLanguageModel model = make();
            var generator = new CausalGenerator(model, 1024);
            if (profiles)
            {
                Console.WriteLine(new CausalSession(model, CausalSession.PrefillOf(model), 1, 1024).DecodeProgram.Profile(TensorData.From([5L], [1, 1]), TensorData.From([500L])).ToTable());
                continue;
            }

            foreach (int length in (int[])[16, 512, 960])
            {
                // In turn, and compared round by round: what memory gives changes from minute to minute.
                long bytes = WeightBytes(model);
                (double Token, double Reading, double Adding)[] all = [.. Enumerable.Range(0, rounds).Select(_ =>
                {
                    (double reading, double adding, double token) = (PeakMeter.ReadBytes(pool), PeakMeter.Bytes(pool), Measure(generator, length));
                    return (token, bytes / token / reading, bytes / token / adding);
                })];
                double token = Median(all.Select(r => r.Token));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name,-30} {bytes / 1e6,6:F0} MB {length,6} {1e3 * token,9:F2} {1 / token,9:F1} {bytes / token / 1e9,7:F1} {Median(all.Select(r => r.Reading)),10:P0} {Median(all.Select(r => r.Adding)),9:P0}"));
            }
        }

        return 0;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>Seconds a token, the median of some.</summary>
    private static double Measure(CausalGenerator generator, int length)
    {
        int[] prompt = [.. Enumerable.Range(0, length).Select(i => 1 + (i * 7919 % 1000))];
        var times = new List<double>();
        long last = Stopwatch.GetTimestamp();
        foreach (int _ in generator.StreamAsync(prompt, new GenerationOptions { MaximumNewTokens = Warm + Tokens }).ToBlockingEnumerable())
        {
            times.Add(Stopwatch.GetElapsedTime(last).TotalSeconds);
            last = Stopwatch.GetTimestamp();
        }

        return Median(times.Skip(Warm));
    }

    /// <summary>What a step has to read: every weight but a table of which it takes one row, unless logits are computed with it too.</summary>
    private static long WeightBytes(CausalLanguageModel model) => 4 * model.Parameters
        .Where(p => !(p.Name.Contains("embedding", StringComparison.OrdinalIgnoreCase) && p.Shape[0] != model.VocabularySize)).Sum(p => p.Shape.ElementCount)
        - (model is LlamaForCausalLM llama && !llama.Config.TieWordEmbeddings ? 4L * model.VocabularySize * llama.Config.HiddenSize : 0);

    private static LlamaConfig Llama(int layers, int width, int heads, int keyHeads, int inner) => new()
    {
        LayerCount = layers,
        HiddenSize = width,
        HeadCount = heads,
        KeyValueHeadCount = keyHeads,
        HeadDimension = width / heads,
        IntermediateSize = inner,
    };
}
