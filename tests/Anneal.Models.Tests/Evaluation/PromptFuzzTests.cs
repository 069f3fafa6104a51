using System.IO.Compression;
using Anneal.Testing;
using Xunit.Abstractions;

namespace Anneal.Models.Tests;

/// <summary>Damaged files of prompts, plain and compressed, give examples or an error that names the line, with bounded memory and time.</summary>
public sealed class PromptFuzzTests(ITestOutputHelper output)
{
    private static readonly byte[][] Files =
    [
        [
            .. """{"prompt": "One\n\u00e9", "answer": "a", "id": 7, "more": [1, {"x": null}]}"""u8, (byte)'\n',
            .. """{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "\ud83d\ude00"}], "id": "b"}"""u8, (byte)'\r', (byte)'\n',
        ],
        """{"messages": [{"role": "user", "content": [{"type": "text", "text": "t"}]}], "tools": [{"name": "f", "parameters": {}}], "answers": ["a", "二"]}"""u8.ToArray(),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Prompts(bool compressed)
    {
        byte[][] whole = compressed ? [.. Files.Select(Gzip)] : Files;
        Array.ForEach(whole, Read);
        FuzzCount count = Fuzzing.Run("prompts", number => compressed && number % 2 == 0 ? Gzip(FileDamage.Of(Files, number / 2)) : FileDamage.Of(whole, number), Read);
        output.WriteLine($"prompts: {count}");
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);
    }

    private static void Read(byte[] bytes)
    {
        foreach (PromptExample example in PromptExample.ReadStream(new MemoryStream(bytes), "m"))
        {
            Assert.NotEmpty(example.References);
            Assert.True(example.Prompt is null == example.Conversation is not null);
        }
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return stream.ToArray();
    }
}
