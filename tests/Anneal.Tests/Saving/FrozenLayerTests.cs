using System.Text.Json.Nodes;
using Anneal.Saving;

namespace Anneal.Tests.Saving;

/// <summary>Layers that are frozen inside of others stay so in a saved model.</summary>
public sealed class FrozenLayerTests
{
    static FrozenLayerTests() => LayerRegistry.Register(nameof(Pair), _ => new Pair());

    private static readonly FitOptions Options = new() { Epochs = 2, BatchSize = 4, Verbosity = Verbosity.Silent };

    [Fact]
    public void AFrozenPartOfABlockStaysFrozen()
    {
        TransformerEncoderBlock Block(Sequential model) => (TransformerEncoderBlock)model.Layers[0];
        using var folder = new TestFolder();
        Sequential model = Compiled(new TransformerEncoderBlock(2, 5));
        model.Build([3, 4]);
        Block(model).Attention.Trainable = false;
        Layer query = Block(model).Attention.Layers[0];
        ArrayDataset data = Data([8, 3, 4]);
        model.Fit(data, Options);
        model.Save(folder.Path);
        Assert.Contains("frozenLayers", File.ReadAllText(Path.Combine(folder.Path, "config.1.json")), StringComparison.Ordinal);
        var loaded = Model.Load<Sequential>(folder.Path);
        Assert.False(Block(loaded).Attention.Trainable);
        Assert.True(Block(loaded).Trainable && query.Trainable);
        byte[] before = Block(loaded).Attention.Parameters[0].Value.AsBytes().ToArray();
        Assert.Equal(model.Fit(data, Options)["loss"], loaded.Fit(data, Options)["loss"]);
        TestModels.AssertSameBits(model, loaded);
        Assert.Equal(before, Block(loaded).Attention.Parameters[0].Value.AsBytes().ToArray());

        // A part is frozen by its own path, without what is beside it.
        Block(loaded).Attention.Trainable = true;
        Block(loaded).Attention.Layers[0].Trainable = false;
        loaded.Save(folder.Path);
        MultiHeadAttention again = Block(Model.Load<Sequential>(folder.Path)).Attention;
        Assert.Equal([false, true, true, true], again.Layers.Select(l => l.Trainable));
        Assert.True(again.Trainable);
    }

    [Fact]
    public void AFrozenNormalizationInsideOfALayerOfOnesOwnDoesNotUpdate()
    {
        using var folder = new TestFolder();
        Sequential model = Compiled(new Pair());
        ArrayDataset data = Data([8, 3, 4]);
        model.Fit(data, Options);
        ((Pair)model.Layers[0]).Norm.Trainable = false;
        model.Save(folder.Path);
        var loaded = Model.Load<Sequential>(folder.Path);
        Pair pair = (Pair)loaded.Layers[0];
        byte[] mean = pair.Norm.MovingMean!.Value.AsBytes().ToArray(), kernel = pair.Inner.Kernel!.Value.AsBytes().ToArray();
        loaded.Fit(data, Options);
        Assert.Equal(mean, pair.Norm.MovingMean.Value.AsBytes().ToArray());
        Assert.NotEqual(kernel, pair.Inner.Kernel.Value.AsBytes().ToArray());
        pair.Norm.Trainable = true;
        loaded.Fit(data, Options);
        Assert.NotEqual(mean, pair.Norm.MovingMean.Value.AsBytes().ToArray());
    }

    [Fact]
    public void FilesWithoutThePathsLoadAndWrongPathsAreNamed()
    {
        using var folder = new TestFolder();
        Sequential model = Compiled(new Pair());
        model.Build([3, 4]);
        model.Save(folder.Path);
        Assert.All(Model.Load(folder.Path).Layers.SelectMany(l => l.Layers), l => Assert.True(l.Trainable));
        ((Pair)model.Layers[0]).Norm.Trainable = false;
        model.Save(folder.Path);
        Rewrite(folder.Path, config => config["frozenLayers"]!.AsArray()[0] = "pair/nothing");
        Assert.Contains("pair/nothing", Assert.Throws<ModelFileException>(() => Model.Load(folder.Path)).Message, StringComparison.Ordinal);
        Rewrite(folder.Path, config => config.Remove("frozenLayers"));
        Assert.True(((Pair)Model.Load<Sequential>(folder.Path).Layers[0]).Norm.Trainable);
    }

    private static void Rewrite(string path, Action<JsonObject> change)
    {
        string[] names = ["config.json", "weights.safetensors", "training.safetensors"];
        Dictionary<string, byte[]> contents;
        using (ModelFolder opened = ModelFolder.Open(path))
        {
            contents = names.ToDictionary(n => n, n =>
            {
                using var buffer = new MemoryStream();
                opened[n].CopyTo(buffer);
                return buffer.ToArray();
            });
        }

        JsonObject config = JsonNode.Parse(contents["config.json"])!.AsObject();
        change(config);
        contents["config.json"] = System.Text.Encoding.UTF8.GetBytes(config.ToJsonString());
        ModelFolder.Save(path, [.. names.Select(n => new ModelFile(n, stream => stream.Write(contents[n])))]);
    }

    private static Sequential Compiled(Layer layer)
    {
        var model = new Sequential(layer, new Flatten(), new Dense(1));
        model.Compile(new Adam(0.01), Loss.MeanSquaredError());
        return model;
    }

    private static ArrayDataset Data(Shape shape) => Dataset.From(
        LayerChecks.Numbers(shape).Evaluate(), LayerChecks.Numbers([shape[0], 1], 2).Evaluate());

    private sealed class Pair : Layer
    {
        internal Pair()
        {
            Inner = Track(new Dense(4));
            Norm = Track(new BatchNormalization());
        }

        internal Dense Inner { get; }

        internal BatchNormalization Norm { get; }

        protected override Tensor Call(Tensor input) => Norm.Apply(Inner.Apply(input));
    }
}
