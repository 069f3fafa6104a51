using System.Text.Json.Nodes;

namespace Anneal.Models.Tests;

/// <summary>Certificates of parity: the numbers by hand, and exports that refuse to finish outside of their tolerance.</summary>
public sealed class ParityTests
{
    private static readonly ParitySample[] One = [new([TensorData.From<float>([0])])];

    [Fact]
    public void TheNumbersAreTheirDefinitions()
    {
        TensorData a = TensorData.From<float>([0, MathF.Log(3), 5, 1, 2, 2], [3, 2]), b = TensorData.From<float>([0, 0, 1, 5, 2, 2.5f], [3, 2]);
        ParityCertificate found = Parity.Check(_ => a, _ => b, One);
        Assert.Equal((1, 3, 0), (found.Samples, found.Positions, found.NonFinitePositions));
        Assert.Equal(0, found.Top1Agreement);
        Assert.Equal(4, found.LargestDifference);
        Assert.Equal(5, found.LargestLogit);
        Assert.Equal((Math.Log(3) + 8 + 0.5) / 6, found.MeanDifference, 1e-6);
        double first = 0.25 * Math.Log(0.25 / 0.5) + 0.75 * Math.Log(0.75 / 0.5), p = 1 / (1 + Math.Exp(-4)), q = 1 / (1 + Math.Exp(0.5));
        double second = p * 4 + (1 - p) * -4, third = 0.5 * Math.Log(0.5 / q) + 0.5 * Math.Log(0.5 / (1 - q));
        Assert.Equal((first + second + third) / 3, found.MeanDivergence, 1e-6);
        Assert.Equal(second, found.LargestDivergence, 1e-9);
        Assert.False(found.Passed);
        Assert.Equal(3, found.Failures.Count);
        Assert.True((found with { Tolerance = new ParityTolerance { Top1Agreement = 0, LargestDifference = 0.8, MeanDivergence = 2 } }).Passed);
    }

    [Fact]
    public void EqualFormsPassAndMaskedPositionsAreLeftOut()
    {
        TensorData a = TensorData.From<float>([1, 2, 3, 4, float.NegativeInfinity, 1], [1, 3, 2]), b = TensorData.From<float>([1, 2, 9, 4, float.NegativeInfinity, 1], [1, 3, 2]);
        Assert.True(Parity.Check(_ => a, _ => a, One).Passed);
        ParitySample[] masked = [new([a], TensorData.From<long>([1, 0, 7], [1, 3]))];
        ParityCertificate found = Parity.Check(_ => a, _ => b, masked);
        Assert.Equal(2, found.Positions);
        Assert.True(found.Passed);
        Assert.Equal(0, found.LargestDivergence);
        Assert.False(Parity.Check(_ => a, _ => b, One).Passed);
        Assert.Throws<OptionException>(() => Parity.Check(_ => a, _ => b, [new([a], TensorData.From<long>([0, 0, 0], [1, 3]))]));
        Assert.Throws<OptionException>(() => Parity.Check(_ => a, _ => b, []));
        Assert.Throws<ShapeException>(() => Parity.Check(_ => a, _ => b, [new([a], TensorData.From<long>([0, 0, 0]))]));
        Assert.Throws<ShapeException>(() => Parity.Check(_ => a, _ => TensorData.From<float>([1]), One));
        Assert.Throws<DTypeException>(() => Parity.Check(_ => a, _ => TensorData.From<long>([1]), One));
        Assert.Throws<OptionException>(() => Parity.Check(_ => a, _ => a, One, new ParityTolerance { LargestDifference = double.NaN }));
    }

    [Theory]
    [InlineData(float.NaN, float.NaN)]
    [InlineData(1, float.NaN)]
    [InlineData(1, float.PositiveInfinity)]
    [InlineData(float.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, 1)]
    public void WhatIsNotFiniteFails(float original, float exported)
    {
        TensorData a = TensorData.From<float>([1, original], [1, 2]), b = TensorData.From<float>([1, exported], [1, 2]);
        ParityCertificate found = Parity.Check(_ => a, _ => b, One, new ParityTolerance { Top1Agreement = 0, LargestDifference = 1e30, MeanDivergence = 1e30 });
        Assert.Equal(1, found.NonFinitePositions);
        Assert.False(found.Passed);
        using var folder = new Scratch();
        found.Write(folder.File("parity.json"));
        Assert.Equal("NaN", (string?)JsonNode.Parse(File.ReadAllText(folder.File("parity.json")))!["meanDivergence"]);
    }

    [Fact]
    public void AMergedModelIsWrittenWithItsCertificate()
    {
        PretrainedModel model = Published.Load("llama");
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("q_proj,up_proj", "dora")));
        float[] apart = Adapted.Logits(model, "llama");
        using var folder = new Scratch();
        ParityCertificate certificate = adapter.SaveMerged(folder.Path, Adapted.Samples("llama"));
        Assert.True(certificate.Passed);
        Assert.Equal(["config.json", "generation_config.json", "model.safetensors", "parity.json"], Files(folder));
        JsonNode written = JsonNode.Parse(File.ReadAllText(folder.File("parity.json")))!;
        Assert.True((bool?)written["passed"]);
        Assert.Equal(certificate.LargestDifference, (double?)written["largestDifference"]);
        Assert.Equal(apart, Adapted.Logits(model, "llama"));
        float[] loaded = Adapted.Logits(PretrainedModel.Load(folder.Path), "llama");
        Assert.Equal(certificate.LargestDifference, apart.Zip(loaded, (a, b) => Math.Abs((double)a - b)).Max());
        Assert.False(Directory.Exists(folder.Path + ".part"));
    }

    [Fact]
    public void AnExportOutsideOfItsToleranceDoesNotFinishUnlessToldTo()
    {
        PretrainedModel model = Published.Load("llama");
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("q_proj", "lora")));
        using var folder = new Scratch();
        File.WriteAllText(folder.File("config.json"), "the user's");
        var rounded = new CheckedSaveOptions { Files = new PretrainedSaveOptions { DType = DType.BFloat16 } };
        var error = Assert.Throws<ParityException>(() => adapter.SaveMerged(folder.Path, Adapted.Samples("llama"), rounded));
        Assert.NotEmpty(error.Certificate.Failures);
        Assert.Equal(["config.json"], Files(folder));
        Assert.Equal("the user's", File.ReadAllText(folder.File("config.json")));
        Assert.False(Directory.Exists(folder.Path + ".part"));
        Assert.False(adapter.SaveMerged(folder.Path, Adapted.Samples("llama"), rounded with { AllowsOutsideTolerance = true }).Passed);
        Assert.False((bool?)JsonNode.Parse(File.ReadAllText(folder.File("parity.json")))!["passed"]);
        Assert.True(adapter.SaveMerged(folder.Path, Adapted.Samples("llama"), rounded with { Tolerance = new ParityTolerance { Top1Agreement = 0.5, LargestDifference = 0.1, MeanDivergence = 0.1 } }).Passed);
    }

    /// <summary>Weights in 16 bits are another form of the model, which a save compares with it when samples are given.</summary>
    [Fact]
    public void ASaveInSixteenBitsIsCheckedAgainstItsTolerance()
    {
        PretrainedModel model = Published.Load("gpt2");
        using var folder = new Scratch();
        Assert.True(model.SavePretrained(folder.File("whole"), Adapted.Samples("gpt2")).LargestDifference == 0);
        var half = new CheckedSaveOptions { Files = new PretrainedSaveOptions { DType = DType.Float16 } };
        Assert.Throws<ParityException>(() => model.SavePretrained(folder.File("half"), Adapted.Samples("gpt2"), half));
        Assert.False(Directory.Exists(folder.File("half")));
        ParityCertificate found = model.SavePretrained(
            folder.File("half"), Adapted.Samples("gpt2"), half with { Tolerance = new ParityTolerance { Top1Agreement = 0.9, LargestDifference = 0.01, MeanDivergence = 1e-3 } });
        Assert.True(found.Passed && found.LargestDifference > 0);
        Assert.True(File.Exists(Path.Combine(folder.File("half"), ParityCertificate.FileName)));
        LoraAdapter.Attach(model, Adapted.Options("c_attn", "lora"));
        Assert.Throws<AdapterException>(() => model.SavePretrained(folder.File("adapted"), Adapted.Samples("gpt2")));
    }

    [Fact]
    public void AMergeOutsideOfItsToleranceLeavesTheModel()
    {
        PretrainedModel model = Published.Load("llama");
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("q_proj", "lora")));
        float[] apart = Adapted.Logits(model, "llama");
        Assert.Throws<ParityException>(() => adapter.Merge(Adapted.Samples("llama"), new ParityTolerance { LargestDifference = 0, MeanDivergence = 0 }));
        Assert.Equal(apart, Adapted.Logits(model, "llama"));
        adapter.Parameters[0].Value = Tensor.Full(adapter.Parameters[0].Shape, double.PositiveInfinity).Evaluate();
        Assert.Contains("q_proj", Assert.Throws<AdapterException>(() => adapter.Merge()).Message, StringComparison.Ordinal);
        adapter.Detach();
        Assert.Equal(Adapted.Logits(Published.Load("llama"), "llama"), Adapted.Logits(model, "llama"));
    }

    private static string[] Files(Scratch folder) => [.. Directory.GetFiles(folder.Path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
}
