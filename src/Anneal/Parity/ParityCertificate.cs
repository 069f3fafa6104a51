using System.Globalization;
using System.Text.Json;
using Anneal.Saving;

namespace Anneal;

/// <summary>How two forms of a model compare, over all positions that count, and whether that lies within a tolerance.</summary>
public sealed record ParityCertificate
{
    /// <summary>The name of the file in which a certificate lies beside what was exported.</summary>
    public const string FileName = "parity.json";

    private const int FormatVersion = 1;

    /// <summary>The samples.</summary>
    public required long Samples { get; init; }

    /// <summary>The positions that counted.</summary>
    public required long Positions { get; init; }

    /// <summary>The positions at which the forms do not have the same finite logits and infinities: such logits have no difference.</summary>
    public required long NonFinitePositions { get; init; }

    /// <summary>The share of positions at which both forms find the same class most probable; of equal logits the first counts.</summary>
    public required double Top1Agreement { get; init; }

    /// <summary>The largest absolute difference of two logits.</summary>
    public required double LargestDifference { get; init; }

    /// <summary>The mean absolute difference of logits.</summary>
    public required double MeanDifference { get; init; }

    /// <summary>The largest absolute logit of the original.</summary>
    public required double LargestLogit { get; init; }

    /// <summary>The mean over positions of the divergence of Kullback and Leibler of the exported form's probabilities from the original's, in nats.</summary>
    public required double MeanDivergence { get; init; }

    /// <summary>The largest divergence at a position.</summary>
    public required double LargestDivergence { get; init; }

    /// <summary>The outputs one by one where the forms have several; empty for one.</summary>
    public IReadOnlyList<ParityCertificate> Outputs { get; init; } = [];

    /// <summary>What was allowed.</summary>
    public required ParityTolerance Tolerance { get; init; }

    /// <summary>Whether everything lies within the tolerance.</summary>
    public bool Passed => Failures.Count == 0;

    /// <summary>What lies outside of the tolerance, in words; empty where nothing does.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            if (Outputs.Count > 0)
                return [.. Outputs.SelectMany((o, i) => o.Failures.Select(f => string.Create(CultureInfo.InvariantCulture, $"output {i}: {f}")))];
            var failures = new List<string>();

            // Each is written so that what is not a number fails.
            double allowed = Tolerance.LargestDifference * Math.Max(LargestLogit, Tolerance.LeastScale);
            Expect(NonFinitePositions == 0, $"{NonFinitePositions} positions have logits that are not finite in both forms");
            Expect(Top1Agreement >= Tolerance.Top1Agreement, $"the forms agree at {Top1Agreement:R} of the positions, at least {Tolerance.Top1Agreement:R} was allowed");
            Expect(LargestDifference <= allowed, $"logits differ by up to {LargestDifference:R}, at most {allowed:R} was allowed, {Tolerance.LargestDifference:R} of the largest");
            Expect(MeanDivergence <= Tolerance.MeanDivergence, $"the mean divergence is {MeanDivergence:R}, at most {Tolerance.MeanDivergence:R} was allowed");
            return failures;

            void Expect(bool holds, FormattableString failure)
            {
                if (!holds)
                    failures.Add(failure.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>Writes the certificate as JSON. Numbers that JSON does not have are written as text.</summary>
    /// <param name="path">The file, which is replaced when the new one is whole.</param>
    public void Write(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WholeFile.Replace(path, Write);
    }

    /// <summary>Writes the certificate as <c>NAME.part</c>.</summary>
    internal void WritePart(string path) => WholeFile.WritePart(path, Write);

    private void Write(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteNumber("formatVersion", FormatVersion);
        WriteNumbers(json);
        json.WriteStartObject("tolerance");
        Write(json, "top1Agreement", Tolerance.Top1Agreement);
        Write(json, "largestDifference", Tolerance.LargestDifference);
        Write(json, "leastScale", Tolerance.LeastScale);
        Write(json, "meanDivergence", Tolerance.MeanDivergence);
        json.WriteEndObject();
        if (Outputs.Count > 0)
        {
            json.WriteStartArray("outputs");
            foreach (ParityCertificate output in Outputs)
            {
                json.WriteStartObject();
                output.WriteNumbers(json);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private void WriteNumbers(Utf8JsonWriter json)
    {
        json.WriteBoolean("passed", Passed);
        json.WriteNumber("samples", Samples);
        json.WriteNumber("positions", Positions);
        json.WriteNumber("nonFinitePositions", NonFinitePositions);
        Write(json, "top1Agreement", Top1Agreement);
        Write(json, "largestDifference", LargestDifference);
        Write(json, "meanDifference", MeanDifference);
        Write(json, "largestLogit", LargestLogit);
        Write(json, "meanDivergence", MeanDivergence);
        Write(json, "largestDivergence", LargestDivergence);
        json.WriteStartArray("failures");
        foreach (string failure in Failures)
            json.WriteStringValue(failure);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));
    }
}
