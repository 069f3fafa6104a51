using System.Text.Json;
using Anneal.Data;

namespace Anneal.Golden.Tests;

/// <summary>BLEU and chrF of the folder's texts are what sacrebleu computed.</summary>
public sealed class GoldenTextScoreTests
{
    private const double Tolerance = 1e-9;

    private static readonly Lazy<JsonElement> Scores = new(() =>
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(GoldenFolder.Root, "models", "text_scores.json")));
        return file.RootElement.Clone();
    });

    private static string[] Hypotheses => Texts(Scores.Value.GetProperty("hypotheses"));

    private static string[][] References => [.. Scores.Value.GetProperty("references").EnumerateArray().Select(Texts)];

    [Fact]
    public void BleuIsThatOfSacrebleu() => Assert.Equal(Scores.Value.GetProperty("bleu").GetDouble(), new Bleu().Of(Hypotheses, References), Tolerance);

    [Fact]
    public void ChrFIsThatOfSacrebleu() => Assert.Equal(Scores.Value.GetProperty("chrf").GetDouble(), new ChrF().Of(Hypotheses, References), Tolerance);

    /// <summary>The file has no score of this kind; its texts are judged all the same, and each is nearer to its own references than to nothing.</summary>
    [Fact]
    public void RougeIsBetweenItsBounds()
    {
        double score = new RougeL().Of(Hypotheses, References);
        Assert.InRange(score, double.Epsilon, 100);
        Assert.Equal(100, new RougeL().Of([.. References.Select(r => r[0])], References), Tolerance);
    }

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(t => t.GetString()!)];
}
