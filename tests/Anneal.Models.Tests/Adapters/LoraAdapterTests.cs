namespace Anneal.Models.Tests;

/// <summary>Adapters as transformations of models: what they compute, what is trained, and what is left when they go.</summary>
public sealed class LoraAdapterTests
{
    public static TheoryData<string, string, string> Cases => Adapted.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public void AFreshAdapterChangesNothingAndADetachedOneLeavesNothing(string name, string targets, string kind)
    {
        PretrainedModel model = Published.Load(name);
        float[] before = Adapted.Logits(model, name);
        LoraAdapter adapter = LoraAdapter.Attach(model, Adapted.Options(targets, kind));
        AssertClose(before, Adapted.Logits(model, name), kind == "dora" ? 1e-5 : 0);
        Adapted.Disturb(adapter);
        Assert.NotEqual(before, Adapted.Logits(model, name));
        adapter.Detach();
        Assert.Equal(before, Adapted.Logits(model, name));
        Assert.Empty(model.Adapters);
        Assert.All(model.NamedVariables(), v => Assert.Equal(v.Variable is Parameter, v.IsTrained));
        Assert.Throws<AdapterException>(adapter.Detach);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void MergingGivesThePlainWeightsOfTheSameModel(string name, string targets, string kind)
    {
        PretrainedModel model = Published.Load(name);
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options(targets, kind)));
        float[] apart = Adapted.Logits(model, name);
        ParityCertificate certificate = adapter.Merge(Adapted.Samples(name), new ParityTolerance { LargestDifference = 2e-5, MeanDivergence = 1e-9 });
        Assert.True(certificate.Passed);
        float[] merged = Adapted.Logits(model, name);
        AssertClose(apart, merged, 2e-5);
        Assert.Equal(certificate.LargestDifference, apart.Zip(merged, (a, b) => Math.Abs((double)a - b)).Max());
        Assert.Empty(model.Adapters);
    }

    [Theory]
    [InlineData("llama", "q_proj,down_proj", "lora")]
    [InlineData("llama", "q_proj,down_proj", "dora")]
    [InlineData("gpt2", "c_attn", "rslora")]
    public void OnlyTheAdapterIsTrainedAndHasMemory(string name, string targets, string kind)
    {
        PretrainedModel model = Published.Load(name);
        TensorData[] before = [.. model.Weights().Entries.Select(e => e.Variable.Value)];
        LoraAdapter adapter = LoraAdapter.Attach(model, Adapted.Options(targets, kind) with { Dropout = 0.1 });
        TensorData[] start = [.. adapter.Parameters.Select(p => p.Value)];
        Adapted.Train(model, epochs: 2);
        Assert.All(adapter.Parameters.Zip(start), p => Assert.False(p.First.Value.AsBytes().SequenceEqual(p.Second.AsBytes()), p.First.Name));
        long bytes = adapter.Parameters.Sum(p => p.Type.ByteCount);
        Assert.Equal(2 * bytes, model.Setup!.OptimizerState.All.Sum(s => s.Type.ByteCount));
        Assert.Equal(adapter.ParameterCount * sizeof(float), bytes);
        adapter.Detach();
        Assert.All(model.Weights().Entries.Zip(before), e => Assert.True(e.First.Variable.Value.AsBytes().SequenceEqual(e.Second.AsBytes()), e.First.Name));
    }

    /// <summary>Neither the forward pass nor the gradients make a tensor of the kernel's shape where the adapter is plain.</summary>
    [Fact]
    public void NothingOfTheKernelsSizeIsComputed()
    {
        PretrainedModel model = Published.Load("llama");
        LoraAdapter adapter = LoraAdapter.Attach(model, Adapted.Options("down_proj", "lora"));
        Program program = Program.Compile(x =>
        {
            Tensor loss = CausalLanguageModel.ShiftedLoss(model.Apply([x[0]])[0], x[0]);
            return [loss, .. Gradients.Of(loss, adapter.Parameters)];
        });
        Shape kernel = adapter.Model.Weights().Products.First(p => p.Module.EndsWith("down_proj", StringComparison.Ordinal)).Kernel.Shape;
        var nodes = program.CompileFor([Published.Array("llama", "input_ids")]).Graph.Nodes;
        Assert.NotEmpty(nodes);
        Assert.DoesNotContain(nodes, n => n.Op is Ops.MatMul && (n.Outputs[0].Shape == kernel || n.Outputs[0].Shape == new Shape([kernel[1], kernel[0]])));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("dora")]
    public void DropoutDropsInTrainingAlone(string kind)
    {
        PretrainedModel model = Published.Load("llama");
        LoraAdapter adapter = LoraAdapter.Attach(model, Adapted.Options("q_proj,up_proj", kind) with { Dropout = 0.5 });
        TensorData ids = Published.Array("llama", "input_ids");
        Program Training() => Program.Compile(x => model.Apply([x])[0], new ProgramOptions { Training = true, Seed = 1 });
        AssertClose(Adapted.Logits(model, "llama"), Training().Run(ids).ToArray<float>(), 1e-5);
        Adapted.Disturb(adapter);
        float[] whole = Adapted.Logits(model, "llama");
        Program program = Training();
        float[] first = program.Run(ids).ToArray<float>(), second = program.Run(ids).ToArray<float>();
        Assert.NotEqual(first, second);
        Assert.NotEqual(whole, first);
        Assert.Equal(whole, Adapted.Logits(model, "llama"));
    }

    [Fact]
    public void SeveralAdaptersAreSwitchedByName()
    {
        PretrainedModel model = Published.Load("llama");
        float[] plain = Adapted.Logits(model, "llama");
        LoraAdapter a = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("q_proj", "lora"), "a"), 1);
        float[] withA = Adapted.Logits(model, "llama");
        LoraAdapter b = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("v_proj", "dora"), "b"), 2);
        float[] withB = Adapted.Logits(model, "llama");
        Assert.NotEqual(withA, withB);
        Assert.Equal(b, model.ActiveAdapter);
        Assert.All(model.NamedVariables(), v => Assert.Equal(b.Parameters.Contains(v.Variable), v.IsTrained));
        a.Activate();
        Assert.Equal(withA, Adapted.Logits(model, "llama"));
        Assert.Throws<AdapterException>(() => b.Merge());
        Assert.Throws<AdapterException>(() => a.Merge());
        using (model.WithoutAdapters())
            Assert.Equal(plain, Adapted.Logits(model, "llama"));
        a.Deactivate();
        Assert.Equal(plain, Adapted.Logits(model, "llama"));
        b.Activate();
        a.Detach();
        Assert.Equal(withB, Adapted.Logits(model, "llama"));
        Assert.Throws<AdapterException>(a.Activate);
        Assert.Contains("b", Assert.Throws<AdapterException>(() => LoraAdapter.Attach(model, Adapted.Options("q_proj", "lora"), "b")).Message, StringComparison.Ordinal);
        b.Detach();
        Assert.Equal(plain, Adapted.Logits(model, "llama"));
    }

    /// <summary>One traced function may hold the adapted model and the base model as its reference.</summary>
    [Fact]
    public void AReferenceModelNeedsNoSecondCopy()
    {
        PretrainedModel model = Published.Load("gpt2");
        float[] plain = Adapted.Logits(model, "gpt2");
        Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("c_attn", "lora")));
        float[] adapted = Adapted.Logits(model, "gpt2");
        Program both = Program.Compile(x =>
        {
            using (model.WithoutAdapters())
                return [model.Apply([x[0]])[0], Again(x[0])];
        });
        TensorData[] results = both.RunAll(Published.Array("gpt2", "input_ids"));
        AssertClose(plain, results[0].ToArray<float>(), 1e-6);
        AssertClose(plain, results[1].ToArray<float>(), 1e-6);
        Program apart = Program.Compile(x => [model.Apply([x[0]])[0], Reference(x[0])]);
        results = apart.RunAll(Published.Array("gpt2", "input_ids"));
        AssertClose(adapted, results[0].ToArray<float>(), 1e-6);
        AssertClose(plain, results[1].ToArray<float>(), 1e-6);

        Tensor Again(Tensor ids)
        {
            using (model.WithoutAdapters())
                return model.Apply([ids])[0];
        }

        Tensor Reference(Tensor ids)
        {
            using IDisposable scope = model.WithoutAdapters();
            return model.Apply([ids])[0];
        }
    }

    [Fact]
    public void AGeneratorFollowsTheAdapter()
    {
        var model = (CausalLanguageModel)Published.Load("llama");
        var generator = new CausalGenerator(model, 32);
        var options = new GenerationOptions { MaximumNewTokens = 12 };
        int[] plain = generator.Generate([5, 6, 7], options);
        LoraAdapter adapter = Adapted.Disturb(LoraAdapter.Attach(model, Adapted.Options("q_proj,o_proj,down_proj", "lora") with { Alpha = 30 }));
        int[] adapted = generator.Generate([5, 6, 7], options);
        Assert.NotEqual(plain, adapted);
        adapter.Merge();
        Assert.Equal(adapted, generator.Generate([5, 6, 7], options));
    }

    [Fact]
    public void AnAdaptedModelIsSavedWithItsTraining()
    {
        using var folder = new Scratch();
        PretrainedModel model = Published.Load("llama");
        LoraAdapter.Attach(model, Adapted.Options("q_proj", "lora"), "resting");
        LoraAdapter.Attach(model, Adapted.Options("v_proj,down_proj", "dora"), "used");
        Adapted.Train(model, epochs: 1);
        model.Save(folder.Path);
        var same = (PretrainedModel)Model.Load(folder.Path);
        Assert.Equal(["resting", "used"], same.Adapters.Select(a => a.Name));
        Assert.Equal("used", same.ActiveAdapter!.Name);
        Assert.Equal(Adapted.Logits(model, "llama"), Adapted.Logits(same, "llama"));
        Adapted.Train(model, epochs: 1);
        Adapted.Train(same, epochs: 1);
        Assert.Equal(Adapted.Logits(model, "llama"), Adapted.Logits(same, "llama"));
        Assert.Contains("used", Assert.Throws<AdapterException>(() => { same.Adapters[0].Detach(); same.SavePretrained(folder.Path); }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CopiesOfModulesAreTrainedAndTheModulesStay()
    {
        PretrainedModel model = Published.Load("bert");
        float[] before = Adapted.Logits(model, "bert");
        LoraAdapter adapter = LoraAdapter.Attach(model, Adapted.Options("query", "lora") with { ModulesToSave = ["classifier"] });
        Assert.Equal(before, Adapted.Logits(model, "bert"));
        Dataset inputs = Published.Inputs("bert");
        Batch batch = inputs.CreateBatch(inputs.Count);
        inputs.Fill([.. Enumerable.Range(0, inputs.Count)], batch);
        var data = new ArrayDataset([.. batch.Inputs], [Published.Array("bert", "labels")]);
        model.Compile(new Sgd(0.1), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Fit(data, new FitOptions { Epochs = 2, BatchSize = 3, Verbosity = Verbosity.Silent });
        float[] trained = Adapted.Logits(model, "bert");
        using var folder = new Scratch();
        adapter.Save(folder.Path);
        adapter.Detach();
        Assert.Equal(before, Adapted.Logits(model, "bert"));
        LoraAdapter loaded = LoraAdapter.Load(model, folder.Path);
        Assert.Equal(trained, Adapted.Logits(model, "bert"));
        string[] names = [.. loaded.Entries().Select(e => e.Name)];
        Assert.Contains("base_model.model.classifier.weight", names);
        Assert.Contains("base_model.model.classifier.bias", names);
        loaded.Merge(Adapted.Samples("bert"));
        AssertClose(trained, Adapted.Logits(model, "bert"), 1e-5);
    }

    [Fact]
    public void TargetsFollowNamesPatternsAndLayers()
    {
        Assert.Equal(["model.layers.1.self_attn.q_proj"], Modules(new LoraOptions { TargetModules = ["q_proj"], Layers = [1] }));
        Assert.Equal(["model.layers.0.self_attn.q_proj"], Modules(new LoraOptions { TargetModules = ["q_proj"], Layers = [0], LayerPatterns = ["layers"] }));
        Assert.Equal(["model.layers.0.mlp.up_proj"], Modules(new LoraOptions { TargetPattern = @".*\.0\..*(up|down)_proj", ExcludedModules = ["mlp.down_proj"] }));
        Assert.Equal(["lm_head"], Modules(new LoraOptions { TargetModules = ["lm_head"] }));
        string[] all = Modules(new LoraOptions { TargetPattern = LoraOptions.AllLinear });
        Assert.Equal(14, all.Length);
        Assert.DoesNotContain("lm_head", all);
        LoraAdapter adapter = LoraAdapter.Attach(Published.Load("llama"), new LoraOptions
        {
            TargetModules = ["q_proj", "v_proj"],
            Rank = 4,
            Alpha = 8,
            RankPattern = [new("layers.1.self_attn.q_proj", 2)],
            AlphaPattern = [new("v_proj", 3)],
        });
        Assert.Equal([4, 4, 2, 4], adapter.Entries().Where(e => e.Name.Contains("lora_A", StringComparison.Ordinal)).Select(e => (int)e.FileShape[0]));
        Assert.Contains("'proj'", Assert.Throws<AdapterException>(() => Modules(new LoraOptions { TargetModules = ["q_proj", "proj"] })).Message, StringComparison.Ordinal);
        Assert.Contains("gate_proj", Assert.Throws<AdapterException>(() => Modules(new LoraOptions { TargetPattern = "nothing" })).Message, StringComparison.Ordinal);
        Assert.Throws<AdapterException>(() => Modules(new LoraOptions { TargetPattern = "(" }));
        Assert.Throws<AdapterException>(() => Modules(new LoraOptions { TargetModules = ["q_proj"], ModulesToSave = ["score"] }));
    }

    [Fact]
    public void OptionsOutOfRangeAreNamed()
    {
        foreach (LoraOptions options in (LoraOptions[])[
            new(), new() { TargetModules = ["q_proj"], Rank = 0 }, new() { TargetModules = ["q_proj"], Dropout = 1 }, new() { TargetModules = ["q_proj"], Alpha = double.NaN },
            new() { TargetModules = ["q_proj"], TargetPattern = "q" }, new() { TargetPattern = "q", Layers = [1] }, new() { TargetModules = ["q_proj"], Seed = -1 },
            new() { TargetModules = ["q_proj"], LayerPatterns = ["layers"] }, new() { TargetModules = ["q_proj", ""] }])
        {
            Assert.Throws<OptionException>(() => Modules(options));
        }
    }

    /// <summary>The rate of each stage is that of the next one times the factor; a plain gradient step shows it.</summary>
    [Fact]
    public void RatesFallWithTheDepth()
    {
        PretrainedModel plain = Published.Load("llama"), graded = Published.Load("llama");
        IReadOnlyList<IReadOnlyList<Parameter>> stages = graded.ParametersByDepth, before = Published.Load("llama").ParametersByDepth;
        Assert.Equal(4, stages.Count);
        Assert.Equal(graded.Parameters.Count, stages.Sum(s => s.Count));
        ArrayDataset data = Adapted.Texts(4);
        Adapted.Train(plain, 1, new Sgd(0.1), data);
        Adapted.Train(graded, 1, new Sgd(0.1) { Groups = ParameterGroup.ByDepth(graded, 0.5) }, data);
        for (int stage = 0; stage < stages.Count; stage++)
        {
            double factor = Math.Pow(0.5, stages.Count - 1 - stage);
            for (int i = 0; i < stages[stage].Count; i++)
            {
                float[] start = before[stage][i].Value.ToArray<float>();
                double whole = Moved(plain.ParametersByDepth[stage][i]), less = Moved(stages[stage][i]);
                Assert.InRange(less, whole * factor * 0.98 - 1e-5, whole * factor * 1.02 + 1e-5);
                Assert.True(whole > 1e-4, stages[stage][i].Name);

                double Moved(Parameter parameter) => Math.Sqrt(parameter.Value.ToArray<float>().Zip(start, (a, b) => ((double)a - b) * ((double)a - b)).Sum());
            }
        }
    }

    /// <summary>The adapter's parameters belong to the stages of what they change.</summary>
    [Fact]
    public void AnAdapterIsUnfrozenStageByStage()
    {
        PretrainedModel model = Published.Load("llama");
        LoraAdapter adapter = LoraAdapter.Attach(model, Adapted.Options("q_proj,lm_head", "lora"));
        var trained = new List<string>();
        var note = new LambdaCallback { EpochEnd = (run, _) => trained.Add(string.Join(' ', adapter.Parameters.Where(p => p.Trainable).Select(p => p.Name.Split('/')[1]).Distinct())) };
        Adapted.Train(model, 3, null, null, new GradualUnfreezing(), note);
        Assert.Equal(["lm_head", "model.layers.1.self_attn.q_proj lm_head", "model.layers.0.self_attn.q_proj model.layers.1.self_attn.q_proj lm_head"], trained);
    }

    private static string[] Modules(LoraOptions options) =>
        [.. LoraAdapter.Attach(Published.Load("llama"), options).Entries().Select(e => e.Name).Where(n => n.EndsWith(".lora_A.weight", StringComparison.Ordinal)).Select(n => n["base_model.model.".Length..^".lora_A.weight".Length])];

    /// <summary>Compares, with a tolerance that is a share of the largest number; 0 is equality.</summary>
    private static void AssertClose(float[] expected, float[] found, double tolerance)
    {
        if (tolerance == 0)
        {
            Assert.Equal(expected, found);
            return;
        }

        Assert.Equal(expected.Length, found.Length);
        double largest = expected.Max(v => Math.Abs((double)v)), difference = expected.Zip(found, (a, b) => Math.Abs((double)a - b)).Max();
        Assert.True(difference <= tolerance * largest, FormattableString.Invariant($"the largest difference is {difference:R}, of {largest:R}"));
    }
}
