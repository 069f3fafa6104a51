using System.Text.Json.Nodes;
using Anneal.Testing;

namespace Anneal.Onnx.Tests;

/// <summary>Certificates of exports: with the graph read back or run by other software, for several outputs, and what happens outside of the tolerance.</summary>
public sealed class ExportParityTests
{
    [Fact]
    public void TheCertificateLiesBesideTheFile()
    {
        using var folder = new TemporaryFolder();
        OnnxExportReport report = OnnxExporter.Export(Classifier(), folder.File("small.onnx"));
        Assert.True(report.Certificate.Passed);
        Assert.Equal((2, 7), (report.Certificate.Samples, report.Certificate.Positions));
        Assert.Equal(["small.onnx", "small.onnx.parity.json"], Files(folder));
        JsonNode written = Json(folder.File("small.onnx.parity.json"));
        Assert.True((bool?)written["passed"]);
        Assert.Equal(report.Certificate.LargestDifference, (double?)written["largestDifference"]);
        Assert.Equal(1e-5, (double?)written["tolerance"]!["largestDifference"]);
    }

    /// <summary>What the other software answers is what counts: a runtime that is wrong is found out before the file takes its place.</summary>
    [Fact]
    public void OtherSoftwareRunsTheGraphWhereItIsGiven()
    {
        using var folder = new TemporaryFolder();
        Model model = Classifier();
        var there = new OnnxExportOptions { Runtime = Runtime.Run };
        Assert.True(OnnxExporter.Export(model, folder.File("small.onnx"), there).Certificate.Passed);
        Assert.True(OnnxExporter.Export(model, folder.File("apart.onnx"), there with { SeparateValues = true }).Certificate.Passed);
        string[] files = Files(folder);
        byte[] before = File.ReadAllBytes(folder.File("small.onnx")), proof = File.ReadAllBytes(folder.File("small.onnx.parity.json"));
        var wrong = new OnnxExportOptions { Runtime = (path, inputs) => [.. Runtime.Run(path, inputs).Select(o => (Tensor.From(o) + 0.01).Evaluate())] };
        var error = Assert.Throws<ParityException>(() => OnnxExporter.Export(model, folder.File("small.onnx"), wrong));
        Assert.Equal(0.01, error.Certificate.LargestDifference, 1e-4);
        Assert.Contains("small.onnx", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(folder.File("small.onnx")));
        Assert.Equal(proof, File.ReadAllBytes(folder.File("small.onnx.parity.json")));
        Assert.Equal(files, Files(folder));
    }

    [Fact]
    public void AnExportOutsideOfItsToleranceFinishesWhereThatIsAskedFor()
    {
        using var folder = new TemporaryFolder();
        var wrong = new OnnxExportOptions { AllowsOutsideTolerance = true, Runtime = (path, inputs) => [.. Runtime.Run(path, inputs).Select(o => (Tensor.From(o) * 1.5).Evaluate())] };
        Assert.False(OnnxExporter.Export(Classifier(), folder.File("small.onnx"), wrong).Certificate.Passed);
        JsonNode written = Json(folder.File("small.onnx.parity.json"));
        Assert.False((bool?)written["passed"]);
        Assert.NotEmpty(written["failures"]!.AsArray());
        Assert.Throws<OptionException>(() => OnnxExporter.Export(Classifier(), folder.File("x.onnx"), new OnnxExportOptions { Tolerance = new ParityTolerance { LargestDifference = double.NaN } }));
        Assert.Throws<OptionException>(() => OnnxExporter.Export(Classifier(), folder.File("x.onnx"), new OnnxExportOptions { Samples = [new([])] }));
        Assert.Equal(["small.onnx", "small.onnx.parity.json"], Files(folder));
    }

    /// <summary>What is in the way of one file leaves all of the earlier export; a whole export leaves no values of an earlier one.</summary>
    [Fact]
    public void TheFilesOfAnExportTakeTheirPlacesTogether()
    {
        using var folder = new TemporaryFolder();
        Model model = Classifier();
        OnnxExporter.Export(model, folder.File("small.onnx"));
        string[] files = Files(folder);
        byte[] before = File.ReadAllBytes(folder.File("small.onnx"));
        Directory.CreateDirectory(folder.File("small.onnx.data"));
        var apart = new OnnxExportOptions { SeparateValues = true };
        var error = Assert.Throws<ModelFileException>(() => OnnxExporter.Export(Classifier(), folder.File("small.onnx"), apart));
        Assert.Contains("as it was", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(folder.File("small.onnx")));
        Assert.Equal(["small.onnx", "small.onnx.data", "small.onnx.parity.json"], Files(folder));
        Directory.Delete(folder.File("small.onnx.data"));
        OnnxExporter.Export(model, folder.File("small.onnx"), apart);
        Assert.Equal(["small.onnx", "small.onnx.data", "small.onnx.parity.json"], Files(folder));
        OnnxExporter.Export(model, folder.File("small.onnx"));
        Assert.Equal(files, Files(folder));
    }

    /// <summary>A small output beside a large one is held to its own numbers.</summary>
    [Fact]
    public void EachOutputIsComparedByItself()
    {
        using var folder = new TemporaryFolder();
        var input = new Input(4);
        LayerOutput x = new Dense(3).Apply(input), large = x;
        for (int i = 0; i < 12; i++)
            large = new Add().Apply([large, large]);
        var model = new Model((LayerOutput[])[input], [x, large], "two") { Seed = 1 };
        ParityCertificate certificate = OnnxExporter.Export(model, folder.File("two.onnx"), new OnnxExportOptions { Runtime = Runtime.Run }).Certificate;
        Assert.True(certificate.Passed);
        Assert.Equal(2, certificate.Outputs.Count);
        Assert.Equal(2, Json(folder.File("two.onnx.parity.json"))["outputs"]!.AsArray().Count);
        var wrong = new OnnxExportOptions
        {
            Runtime = (path, inputs) =>
            {
                TensorData[] outputs = Runtime.Run(path, inputs);
                return [(Tensor.From(outputs[0]) + 1e-3).Evaluate(), outputs[1]];
            },
        };
        string failure = Assert.Single(Assert.Throws<ParityException>(() => OnnxExporter.Export(model, folder.File("two.onnx"), wrong)).Certificate.Failures);
        Assert.StartsWith("output 0", failure, StringComparison.Ordinal);
    }

    /// <summary>The same comparison on data of one's own, with any two forms of a model.</summary>
    [Fact]
    public void ParityComparesAModelWithARuntime()
    {
        using var folder = new TemporaryFolder();
        Model model = Classifier();
        string path = folder.File("small.onnx");
        OnnxExporter.Export(model, path);
        TensorData[] batches = [.. Enumerable.Range(0, 3).Select(i => ModelTests.Draw(new(DType.Float32, [4]), 8, 2, i))];
        ParityCertificate certificate = Parity.Check(
            inputs => model.Predict(inputs[0]), inputs => Runtime.Run(path, inputs)[0], batches.Select(b => new ParitySample([b])), new ParityTolerance { LargestDifference = 1e-5 });
        Assert.True(certificate.Passed, string.Join("; ", certificate.Failures));
        Assert.Equal((3, 24), (certificate.Samples, certificate.Positions));
        Assert.True(Parity.Check(model, OnnxModel.Import(path), batches.Select(b => new ParitySample([b]))).Passed);
    }

    private static Sequential Classifier()
    {
        var model = new Sequential(new Dense(16, Activation.Tanh), new Dense(3)) { Seed = 4 };
        model.Build(4);
        return model;
    }

    private static JsonNode Json(string path) => JsonNode.Parse(File.ReadAllText(path))!;

    private static string[] Files(TemporaryFolder folder) => [.. Directory.GetFileSystemEntries(folder.Path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
}
