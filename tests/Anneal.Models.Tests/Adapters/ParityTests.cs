using System.Text.Json.Nodes;

namespace Anneal.Models.Tests;

/// <summary>Saved and merged models with their certificates, which refuse to finish outside of their tolerance.</summary>
public sealed class ParityTests
{
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
