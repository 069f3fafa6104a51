using Xunit.Abstractions;

namespace Anneal.Data.Tests;

/// <summary>Damaged tables, plain and compressed, give rows or an error that names the line, with bounded memory and time.</summary>
public sealed class TableFuzzTests(ITestOutputHelper output)
{
    private static readonly CsvOptions Csv4096 = new() { MaximumRowLength = 4096 };

    private static readonly byte[][] Tables =
    [
        "\uFEFFid,category,title\r\n1,earn,\"a \"\"b\"\"\r\nc\"\n2,acq,\"零一\"\n\n3,\"x\",y\r"u8.ToArray(),
        "title,id,category,more\n\"\",1,a,\n,,,\n\"x\ny\",2,\"b\",\"\"\"\"\n"u8.ToArray(),
        "category;id,category,id\n1,2,3\n\n\"4\",5,6"u8.ToArray(),
    ];

    private static readonly byte[][] Objects =
    [
        "{\"title\": \"帝京篇\\n\", \"author\": \"太宗\", \"n\": [1, {\"a\": 2}]}\r\n{\"author\":\"x\",\"title\":\"\\u00e9\"}\n"u8.ToArray(),
        "{\"title\":\"\\ud834\\udd1e\"}"u8.ToArray(),
        "\uFEFF {\"more\":{\"title\":[null,true,-1e5]},\"title\":\"x\"} "u8.ToArray(),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Csvs(bool compressed) => Run("CSV", compressed, Tables, bytes =>
    {
        foreach (TableRow row in Csv.Read(() => StrictTextReader.Of(new MemoryStream(bytes), "m"), "m", ["category", "id"], Csv4096))
            Assert.Equal(2, row.Values.Count);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LinesOfJson(bool compressed) => Run("JSON lines", compressed, Objects, bytes =>
    {
        foreach (TableRow row in JsonLines.Read(() => StrictTextReader.Of(new MemoryStream(bytes), "m"), "m", ["title"]))
            Assert.NotNull(Assert.Single(row.Values));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Idxs(bool compressed) => Run("IDX", compressed, [.. Enumerable.Range(8, 7).Where(t => t != 10).Select(t => IdxBytes.Of((byte)t, [3, 2], new byte[6 * (t < 11 ? 1 : t == 11 ? 2 : t == 14 ? 8 : 4)]))], bytes =>
        Idx.Read(new MemoryStream(bytes), "m"));

    [Fact]
    public void Words()
    {
        using var file = new MemoryStream();
        WordVocabulary.Build([["one", "two", "二"], ["one"]]).Write(file);
        Run("words", compressed: false, [file.ToArray()], bytes => WordVocabulary.Read(StrictTextReader.Of(new MemoryStream(bytes), "m"), "m").Encode(["two"]));
    }

    private void Run(string reader, bool compressed, byte[][] seeds, Action<byte[]> read)
    {
        // A compressed file is damaged before it is compressed, or behind that.
        byte[][] whole = compressed ? [.. seeds.Select(IdxBytes.Gzip)] : seeds;
        Array.ForEach(whole, read);
        FuzzCount count = Fuzzing.Run(reader, number => compressed && number % 2 == 0 ? IdxBytes.Gzip(FileDamage.Of(seeds, number / 2)) : FileDamage.Of(whole, number), read);
        output.WriteLine($"{reader}{(compressed ? " (gzip)" : "")}: {count}");
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);
    }
}
