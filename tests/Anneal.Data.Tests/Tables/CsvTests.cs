using System.Text;
using CsCheck;

namespace Anneal.Data.Tests;

public sealed class CsvTests
{
    private static readonly CsvOptions Small = new() { MaximumRowLength = 4096 };

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void RowsHaveTheColumnsThatWereAskedFor(string newLine)
    {
        string text = string.Join(newLine, "id,category,title", "1,a,\"x, \"\"y\"\"\"", "", "2,b,\"two" + newLine + "lines\"", "#3,,é𝄞", "4,say \"hi\",#");
        TableRow[] rows = Read(text, "title", "id");
        Assert.Equal(["x, \"y\"", "two\nlines", "é𝄞", "#"], rows.Select(r => r[0]));
        Assert.Equal(["1", "2", "#3", "4"], rows.Select(r => r[1]));
        Assert.Equal([2L, 4, 6, 7], rows.Select(r => r.Line));
        Assert.Equal("say \"hi\"", Read(text, "category")[^1][0]);
    }

    [Fact]
    public void AMarkAtTheStartAndABreakAtTheEndAreNoPartOfTheText()
    {
        foreach (string text in (string[])["a,b\n1,2", "a,b\n1,2\n", "\uFEFFa,b\n1,2\r\n", "a,b\n1,\"2\"", "\n\na,b\n\n1,2\n\n\n"])
            Assert.Equal(["1", "2"], Assert.Single(Read(text, "a", "b")).Values);
        Assert.Empty(Read("a,b", "a"));
        Assert.Equal(["", "x"], Read("only\n\nx\n", "only").Select(r => r[0]));
    }

    [Theory]
    [InlineData("", 1, "an empty file")]
    [InlineData("\n\n", 1, "an empty file")]
    [InlineData("a,c\n", 1, "'a', 'c'")]
    [InlineData("a,b,b\n", 1, "twice")]
    [InlineData("a,b\n1,2\n3\n", 3, "found 1")]
    [InlineData("a,b\n\"1\n\n\",2\n3,4,5\n", 5, "found 3")]
    [InlineData("a,b\n1,2\n3,\"4\n5,6\n", 3, "no closing quote")]
    [InlineData("a,b\n1,2\n3,\"4\"x\n5,6\n", 3, "other text")]
    [InlineData("a,b\n1,2\n\"", 3, "no closing quote")]
    [InlineData("a,b\n1,x\0\n", 2, "NUL")]
    public void MistakesNameTheLine(string text, long line, string found)
    {
        var mistake = Assert.Throws<TextFileException>(() => Read(text, "a", "b"));
        Assert.Equal((line, "memory.csv"), (mistake.Line, mistake.File));
        Assert.Contains(found, mistake.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0xFF }, 0)]
    [InlineData(new byte[] { 0xC3 }, 0)]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, 3)]
    [InlineData(new byte[] { 0xC0, 0xAF }, 70_000)]
    public void BytesThatAreNotUtf8NameTheLine(byte[] bad, int linesBefore)
    {
        byte[] text = [.. "a,b\r\n"u8, .. Enumerable.Repeat("1,é\r\n"u8.ToArray(), linesBefore).SelectMany(l => l), .. "2,"u8, .. bad, .. "\r\n"u8];
        var mistake = Assert.Throws<TextFileException>(() => Read(text, "a"));
        Assert.Equal(linesBefore + 2, mistake.Line);
        Assert.Contains("UTF-8", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFileThatEndsWithinACharacterIsRefused() => Assert.Throws<TextFileException>(() => Read([.. "a\nx"u8, 0xE4, 0xB8], "a"));

    [Fact]
    public void MemoryIsBounded()
    {
        string row = "1," + new string('x', 3000);
        Assert.Equal(100, Read("a,b\n" + string.Concat(Enumerable.Repeat(row + "\n", 100)), "a", "b").Length);
        var mistake = Assert.Throws<TextFileException>(() => Read("a,b\n1,2\n3,\"" + new string('x', 100_000), "a"));
        Assert.Equal(3, mistake.Line);
        Assert.Contains("4096", mistake.Message, StringComparison.Ordinal);
        Assert.Throws<TextFileException>(() => Read("a,b\n" + new string(',', 100_000), "a"));
    }

    [Fact]
    public void MistakesOfTheCallerAreTold()
    {
        Assert.Throws<OptionException>(() => Csv.Read("x.csv", []));
        Assert.Throws<OptionException>(() => Csv.Read("x.csv", ["a", "a"]));
        Assert.Throws<OptionException>(() => Csv.Read("x.csv", ["a"], new CsvOptions { Delimiter = '"' }));
        Assert.Throws<OptionException>(() => Csv.Read("x.csv", ["a"], new CsvOptions { Delimiter = '、' }));
        Assert.Throws<OptionException>(() => Csv.Read("x.csv", ["a"], new CsvOptions { MaximumRowLength = 10 }));
        Assert.Throws<DataFileException>(() => Csv.Read(Path.Combine(Path.GetTempPath(), "no-such-file.csv"), ["a"]).ToArray());
    }

    [Theory]
    [InlineData("table.csv")]
    [InlineData("table.csv.gz")]
    public void WhatIsWrittenIsRead(string name)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File(name);
        Csv.Write(path, ["x", "y;z"], [["1", "a;\"b\""], ["", "c\nd"]], new CsvOptions { Delimiter = ';' });
        TableRow[] rows = [.. Csv.Read(path, ["y;z", "x"], new CsvOptions { Delimiter = ';' })];
        Assert.Equal([["a;\"b\"", "1"], ["c\nd", ""]], rows.Select(r => r.Values));
        Assert.Equal(name.EndsWith("gz", StringComparison.Ordinal) ? 0x1F : 'x', File.ReadAllBytes(path)[0]);

        // A write that fails leaves what was there.
        byte[] before = File.ReadAllBytes(path);
        Assert.Equal(3, Assert.Throws<TextFileException>(() => Csv.Write(path, ["x"], [["1"], ["1", "2"]])).Line);
        Assert.Throws<TextFileException>(() => Csv.Write(path, ["x"], [["\uD800"]]));
        Assert.Throws<TextFileException>(() => Csv.Write(path, ["x"], [["a\0b"]]));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void CompressedFilesThatAreDamagedAreRefused()
    {
        byte[] whole = IdxBytes.Gzip(Encoding.UTF8.GetBytes("a,b\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"{i},{i * 7919 % 1000}\n"))));
        Assert.Equal(5000, Read(whole, "a").Length);
        Assert.Throws<DataFileException>(() => Read(whole[..^5], "a"));
        Assert.ThrowsAny<AnnealException>(() => Read([.. whole[..1000], (byte)(whole[1000] ^ 8), .. whole[1001..]], "a"));
    }

    [Fact]
    public void EveryTableSurvivesQuoting()
    {
        Gen<string> value = Gen.OneOf(
            Gen.String["ab,;\"\n #'\t"], Gen.String[Gen.Char['一', '龥'], 0, 6], Gen.Const("𝄞\"𝄞"), Gen.Const("\uFEFF"));
        Gen.Select(Gen.Int[2, 4].SelectMany(columns => value.Array[columns].Array[0, 20].Select(rows => (columns, rows))), Gen.Char[",;\t| "])
            .Sample(
                (table, delimiter) =>
                {
                    using var folder = new TemporaryFolder();
                    string path = folder.File("t.csv");
                    string[] names = [.. Enumerable.Range(0, table.columns).Select(i => $"c{i}")];
                    CsvOptions options = new() { Delimiter = delimiter };
                    Csv.Write(path, names, table.rows, options);
                    Assert.Equal(table.rows, Csv.Read(path, names, options).Select(r => r.Values.ToArray()));

                    // A row begins behind the line breaks of those before it.
                    long line = 2;
                    foreach (TableRow row in Csv.Read(path, names, options))
                    {
                        Assert.Equal(line, row.Line);
                        line += 1 + row.Values.Sum(v => v.Count(c => c == '\n'));
                    }
                },
                iter: 300);
    }

    private static TableRow[] Read(string text, params string[] columns) => Read(Encoding.UTF8.GetBytes(text), columns);

    private static TableRow[] Read(byte[] bytes, params string[] columns) =>
        [.. Csv.Read(() => StrictTextReader.Of(new MemoryStream(bytes), "memory.csv"), "memory.csv", columns, Small)];
}
