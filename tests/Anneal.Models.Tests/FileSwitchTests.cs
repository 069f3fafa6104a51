using Anneal.Saving;

namespace Anneal.Models.Tests;

/// <summary>A save that fails or is killed half-way leaves the model that was in the folder, or says what is there.</summary>
public sealed class FileSwitchTests
{
    /// <summary>A folder in the place of a file stops the save; shards of another count and a certificate are there to be removed too early.</summary>
    [Theory]
    [InlineData("generation_config.json", false)]
    [InlineData("generation_config.json", true)]
    [InlineData("model.safetensors", false)]
    [InlineData("model.safetensors", true)]
    [InlineData("model.safetensors.part", false)]
    [InlineData("config.json.part", true)]
    [InlineData("config.json.replaced", false)]
    [InlineData("model.safetensors.index.json.replaced", true)]
    public void ASaveThatIsBlockedLeavesTheEarlierModel(string blocked, bool isChecked)
    {
        using var folder = new Scratch();
        PretrainedModel model = Published.Load("llama");
        model.SavePretrained(folder.Path, Adapted.Samples("llama"), new CheckedSaveOptions { Files = new PretrainedSaveOptions { MaximumShardBytes = 9_000 } });
        File.Delete(folder.File("generation_config.json"));
        string[] before = Content(folder);
        float[] expected = Adapted.Logits(model, "llama");
        Directory.CreateDirectory(folder.File(blocked));
        File.WriteAllText(Path.Combine(folder.File(blocked), "of-the-user"), "");
        Adapted.Train(model, 1, new Sgd(0.1));
        var error = Assert.Throws<ModelFileException>(() =>
        {
            if (isChecked)
                model.SavePretrained(folder.Path, Adapted.Samples("llama"));
            else
                model.SavePretrained(folder.Path);
        });
        Assert.Contains("the folder is as it was", error.Message, StringComparison.Ordinal);
        Assert.Contains(blocked.Split('.')[0], error.Message, StringComparison.Ordinal);
        Directory.Delete(folder.File(blocked), recursive: true);
        Assert.Equal(before, Content(folder));
        Assert.Equal(expected, Adapted.Logits(PretrainedModel.Load(folder.Path), "llama"));
        Assert.False(Directory.Exists(folder.Path + ".part"));
        model.SavePretrained(folder.Path);
        Assert.Equal(["config.json", "generation_config.json", "model.safetensors"], Directory.GetFiles(folder.Path).Select(f => Path.GetFileName(f)).Order());
        Assert.Equal(Adapted.Logits(model, "llama"), Adapted.Logits(PretrainedModel.Load(folder.Path), "llama"));
    }

    [Fact]
    public void AnAdapterThatCannotBeSavedLeavesTheEarlierOne()
    {
        using var folder = new Scratch();
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(Published.Load("llama"), Adapted.Options("q_proj", "lora")));
        adapter.Save(folder.Path);
        File.Delete(folder.File("adapter_config.json"));
        Directory.CreateDirectory(folder.File("adapter_config.json"));
        byte[] weights = File.ReadAllBytes(folder.File("adapter_model.safetensors"));
        Adapted.Disturb(adapter, 9);
        Assert.Contains("adapter_config.json", Assert.Throws<ModelFileException>(() => adapter.Save(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Equal(weights, File.ReadAllBytes(folder.File("adapter_model.safetensors")));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void AGgufFileWhoseCertificateCannotBeWrittenLeavesTheEarlierFile()
    {
        using var folder = new Scratch();
        var model = (CausalLanguageModel)Published.Load("llama");
        File.WriteAllText(folder.File("m.gguf"), "earlier");
        Directory.CreateDirectory(folder.File("m.gguf.parity.json"));
        Assert.Throws<ModelFileException>(() => Gguf.Save(model, folder.File("m.gguf"), new GgufSaveOptions { Type = GgufTensorType.F32 }));
        Assert.Equal("earlier", File.ReadAllText(folder.File("m.gguf")));
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    /// <summary>Every state that a process can leave when it is killed between two moves.</summary>
    [Fact]
    public void WhatAKilledSaveLeftIsSettledByTheNextOne()
    {
        string[] names = ["a.new", "m.a", "z.key"], earlier = ["m.a.index", "m-1.shard", "m-2.shard", "z.key"];
        (string From, string To)[] moves =
        [
            ("z.key", "z.key.replaced"), ("m-1.shard", "m-1.shard.replaced"), ("m-2.shard", "m-2.shard.replaced"), ("m.a.index", "m.a.index.replaced"),
            ("a.new.part", "a.new"), ("m.a.part", "m.a"), ("z.key.part", "z.key"),
        ];
        for (int stop = 0; stop <= moves.Length; stop++)
        {
            using var folder = new Scratch();
            foreach (string name in earlier)
                File.WriteAllText(folder.File(name), "earlier");
            foreach (string name in names)
                File.WriteAllText(folder.File(name + ".part"), "killed");
            foreach ((string from, string to) in moves[..stop])
                File.Move(folder.File(from), folder.File(to));
            if (stop > 0 && stop < moves.Length)
                Assert.Contains("interrupted", FileSwitch.HintFor(folder.File("z.key")), StringComparison.Ordinal);

            // A save that fails after it has settled shows what that found.
            Directory.CreateDirectory(folder.File("blocked"));
            File.WriteAllText(folder.File("blocked.part"), "new");
            Assert.Throws<ModelFileException>(() => FileSwitch.Run(folder.Path, ["blocked", .. names], IsStale));
            string content = string.Join(' ', Directory.GetFiles(folder.Path).Select(f => Path.GetFileName(f) + "=" + File.ReadAllText(f)).Order(StringComparer.Ordinal));
            bool isDone = stop == moves.Length;
            Assert.Equal(isDone ? "a.new=killed m.a=killed z.key=killed" : "m-1.shard=earlier m-2.shard=earlier m.a.index=earlier z.key=earlier", content);
            Directory.Delete(folder.File("blocked"));
            foreach (string name in names)
                File.WriteAllText(folder.File(name + ".part"), "new");
            FileSwitch.Run(folder.Path, names, IsStale);
            Assert.Equal(["a.new", "m.a", "z.key"], Directory.GetFiles(folder.Path).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
            Assert.All(names, n => Assert.Equal("new", File.ReadAllText(folder.File(n))));
        }

        static bool IsStale(string name) => name.StartsWith("m", StringComparison.Ordinal) && !name.EndsWith(".part", StringComparison.Ordinal) && !name.EndsWith(".replaced", StringComparison.Ordinal);
    }

    /// <summary>A certificate speaks of the weights beside it.</summary>
    [Fact]
    public void AnUncheckedSaveRemovesTheCertificateOfAnEarlierOne()
    {
        using var folder = new Scratch();
        PretrainedModel model = Published.Load("gpt2");
        model.SavePretrained(folder.Path, Adapted.Samples("gpt2"));
        Assert.True(File.Exists(folder.File("parity.json")));
        model.SavePretrained(folder.Path);
        Assert.False(File.Exists(folder.File("parity.json")));
    }

    private static string[] Content(Scratch folder) =>
        [.. Directory.GetFiles(folder.Path).Order(StringComparer.Ordinal).Select(f => Path.GetFileName(f) + " " + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f))))];
}
