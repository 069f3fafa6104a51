namespace Anneal.Models.Tests;

/// <summary>Small published models with adapters, for tests.</summary>
internal static class Adapted
{
    /// <summary>What each kind of model is adapted at: separate, fused and inputs-first products, with and without biases.</summary>
    internal static TheoryData<string, string, string> Cases => new()
    {
        { "llama", "q_proj,v_proj,down_proj", "lora" },
        { "llama", "q_proj,o_proj,up_proj", "dora" },
        { "gpt2", "c_attn,c_proj", "rslora" },
        { "gpt2", "c_attn,c_fc", "dora" },
        { "glm4", "gate_up_proj,k_proj", "lora" },
        { "glm", "gate_up_proj", "dora" },
        { "bert", "query,dense", "lora" },
        { "t5", "q,v,wi", "rslora" },
        { "vit", "query,value", "lora" },
    };

    internal static LoraOptions Options(string targets, string kind) => new()
    {
        Rank = 3,
        Alpha = 6,
        TargetModules = targets.Split(','),
        UseRsLora = kind == "rslora",
        UseDora = kind == "dora",
        Seed = 5,
    };

    /// <summary>Gives every B numbers that are not 0, as training does.</summary>
    internal static LoraAdapter Disturb(LoraAdapter adapter, ulong seed = 1)
    {
        var normal = new RandomNormal(0, 0.3);
        foreach (Parameter parameter in adapter.Parameters.Where(p => p.Name.EndsWith("lora_B", StringComparison.Ordinal)))
        {
            var values = new TensorData(parameter.Type);
            normal.Fill(values, seed++, 0);
            parameter.Value = values;
        }

        return adapter;
    }

    internal static float[] Logits(PretrainedModel model, string name) => model.Predict(Published.Inputs(name)).ToArray<float>();

    internal static ParitySample[] Samples(string name)
    {
        Dataset inputs = Published.Inputs(name);
        Batch batch = inputs.CreateBatch(inputs.Count);
        inputs.Fill([.. Enumerable.Range(0, inputs.Count)], batch);
        return [new ParitySample([.. batch.Inputs])];
    }

    /// <summary>Tokens in which each is followed by the next one.</summary>
    internal static ArrayDataset Texts(int count = 8, int time = 6, int vocabulary = 97)
    {
        var ids = new TensorData(DType.Int64, [count, time]);
        var labels = new TensorData(DType.Int64, [count, time]);
        for (int i = 0; i < count * time; i++)
        {
            ids.AsSpan<long>()[i] = 3 + i % (vocabulary - 4);
            labels.AsSpan<long>()[i] = 4 + i % (vocabulary - 4);
        }

        return new ArrayDataset([ids], [labels]);
    }

    internal static void Train(Model model, int epochs, Optimizer? optimizer = null, Dataset? data = null, params Callback[] callbacks)
    {
        if (model.Optimizer is null || optimizer is not null)
            model.Compile(optimizer ?? new AdamW(1e-2), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Fit(data ?? Texts(), new FitOptions { Epochs = epochs, BatchSize = 4, Shuffle = false, Verbosity = Verbosity.Silent, Callbacks = callbacks });
    }
}
