using System.Globalization;
using System.Text;
using Anneal.Saving;
using Xunit.Abstractions;

namespace Anneal.Models.Tests;

/// <summary>
/// Readers of foreign files meet real files with random changes: each input is read or refused with one of Anneal's errors. A short run by default;
/// <c>ANNEAL_FUZZ_INPUTS</c> gives the number of inputs for each reader.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly string[] Words =
        ["null", "-1", "0", "1e999", "9223372036854775807", "18446744073709551616", "\"\\ud800\"", "{}", "[]", "true", "\"\"", "{\"a\":", "[[[[", "\u0000", "\"rope_type\"", "1.5"];

    private static int Inputs { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("ANNEAL_FUZZ_INPUTS"), NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 4000;

    [Fact]
    public void Configurations()
    {
        byte[][] seeds = [.. Published.Names.Select(n => File.ReadAllBytes(Path.Combine(Published.Folder(n), "config.json")))];
        Run("config.json", seeds, bytes =>
        {
            ConfigFields fields = ConfigFields.Parse(bytes, "config.json");
            PretrainedConfig config = Architecture.Of(fields).Read(fields);
            config.Check("config.json");
            config.ToJson();
        });
    }

    [Fact]
    public void Indices()
    {
        byte[] seed = File.ReadAllBytes(Path.Combine(Published.Folder("llama_sharded_bf16"), Checkpoint.Index));
        Run("model.safetensors.index.json", [seed], bytes => Checkpoint.ParseIndex(bytes, "index"));
    }

    [Fact]
    public void Safetensor()
    {
        // Without their values, so that most changes meet the header; the length in front is changed too.
        byte[][] seeds = [.. Published.Names.Take(6).Select(n => Shortened(Directory.GetFiles(Published.Folder(n), "model*.safetensors").Order(StringComparer.Ordinal).First()))];
        Run("safetensors", seeds, bytes => Safetensors.Read(new MemoryStream(bytes), "x.safetensors"));
    }

    private void Run(string what, byte[][] seeds, Action<byte[]> read)
    {
        int accepted = 0, refused = 0;
        long before = GC.GetTotalAllocatedBytes();
        Parallel.For(0, Inputs, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
        {
            var random = new Random(i);
            byte[] bytes = Mutate(seeds[i % seeds.Length], random);
            try
            {
                read(bytes);
                Interlocked.Increment(ref accepted);
            }
            catch (AnnealException)
            {
                Interlocked.Increment(ref refused);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{what}: input {i} ended with {e.GetType().Name}: {e.Message}\n{Encoding.Latin1.GetString(bytes)}", e);
            }
        });
        output.WriteLine(FormattableString.Invariant($"{what}: {Inputs} inputs, {accepted} read, {refused} refused"));
        Assert.Equal(Inputs, accepted + refused);
        Assert.True(refused > 0 && accepted > 0, $"{what}: {accepted} read, {refused} refused");
        Assert.InRange((GC.GetTotalAllocatedBytes() - before) / Inputs, 0, 4_000_000);
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        List<byte> bytes = [.. seed];
        int changes = 1 + random.Next(4);
        for (int c = 0; c < changes && bytes.Count > 0; c++)
        {
            int at = random.Next(bytes.Count), length = Math.Min(1 + random.Next(12), bytes.Count - at);
            switch (random.Next(8))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes.RemoveRange(at, length); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 4: bytes.InsertRange(at, Encoding.UTF8.GetBytes(Words[random.Next(Words.Length)])); break;
                case 5: bytes.RemoveRange(at, bytes.Count - at); break;
                case 6: ReplaceNumber(bytes, at, random); break;
                default: bytes[random.Next(Math.Min(bytes.Count, 8))] = (byte)random.Next(256); break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Another value in the place of the next number.</summary>
    private static void ReplaceNumber(List<byte> bytes, int at, Random random)
    {
        while (at < bytes.Count && !char.IsAsciiDigit((char)bytes[at]))
            at++;
        int end = at;
        while (end < bytes.Count && char.IsAsciiDigit((char)bytes[end]))
            end++;
        bytes.RemoveRange(at, end - at);
        string number = random.Next(3) == 0 ? Words[random.Next(Words.Length)] : random.Next(200).ToString(CultureInfo.InvariantCulture);
        bytes.InsertRange(at, Encoding.UTF8.GetBytes(number));
    }

    /// <summary>A file whose tensors have no elements: the header of a real one with other extents.</summary>
    private static byte[] Shortened(string path)
    {
        var stream = new MemoryStream();
        Safetensors.Write(stream, "x", Safetensors.Read(path).Tensors.Take(12).Select((t, i) => (t.Key, new TensorData(t.Value.DType, i % 3 == 0 ? [2] : [0, 3]))), [new("format", "pt")]);
        return stream.ToArray();
    }
}
