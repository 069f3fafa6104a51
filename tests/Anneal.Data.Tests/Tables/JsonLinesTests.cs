using System.Text;

namespace Anneal.Data.Tests;

public sealed class JsonLinesTests
{
    [Fact]
    public void RowsHaveTheFieldsThatWereAskedFor()
    {
        TableRow[] rows = Read("\uFEFF{\"title\": \"登鸛雀樓\", \"year\": 704, \"author\": \"王之渙\"}\r\n {\"author\":\"\\u674e\",\"more\":{\"title\":[1,2]},\"title\":\"\\ud834\\udd1e\"} ");
        Assert.Equal([["王之渙", "登鸛雀樓"], ["李", "𝄞"]], rows.Select(r => r.Values));
        Assert.Equal([1L, 2], rows.Select(r => r.Line));
    }

    [Theory]
    [InlineData("", "not")]
    [InlineData("[]", "StartArray")]
    [InlineData("{\"title\":\"x\"}", "'author'")]
    [InlineData("{\"title\":\"x\",\"author\":\"y\",\"title\":\"z\"}", "twice")]
    [InlineData("{\"title\":1,\"author\":\"y\"}", "Number")]
    [InlineData("{\"title\":null,\"author\":\"y\"}", "Null")]
    [InlineData("{\"title\":\"x\",\"author\":\"y\"", "not")]
    [InlineData("{\"title\":\"x\",\"author\":\"y\"} {}", "not")]
    [InlineData("{\"title\":\"x\",\"author\":\"y\",}", "not")]
    [InlineData("{\"title\":\"\\ud800\",\"author\":\"y\"}", "half")]
    [InlineData("{\"\\udc00\":1,\"title\":\"x\",\"author\":\"y\"}", "half")]
    public void MistakesNameTheLine(string line, string found)
    {
        var mistake = Assert.Throws<TextFileException>(() => Read("{\"title\":\"x\",\"author\":\"y\"}\n" + line + "\n{\"title\":\"x\",\"author\":\"y\"}"));
        Assert.Equal(2, mistake.Line);
        Assert.Contains(found, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MistakesOfTheCallerAndMissingFilesAreTold()
    {
        Assert.Throws<OptionException>(() => JsonLines.Read("x.jsonl", []));
        Assert.Throws<OptionException>(() => JsonLines.Read("x.jsonl", ["a", "a"]));
        Assert.Throws<DataFileException>(() => JsonLines.Read("/no/such/file.jsonl", ["a"]).ToArray());
    }

    [Fact]
    public void DepthAndLengthAreBounded()
    {
        Assert.Throws<TextFileException>(() => Read("{\"title\":\"x\",\"author\":\"y\",\"deep\":" + new string('[', 100_000)));
        Assert.Throws<TextFileException>(() => Read(new string(' ', (1 << 24) + 1)));
    }

    private static TableRow[] Read(string text) =>
        [.. JsonLines.Read(() => StrictTextReader.Of(new MemoryStream(Encoding.UTF8.GetBytes(text)), "memory"), "memory", ["author", "title"])];
}
