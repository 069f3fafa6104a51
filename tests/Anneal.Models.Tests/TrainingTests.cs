namespace Anneal.Models.Tests;

/// <summary>The models are models like any other: they train, freeze, drop out, and count their parameters.</summary>
public sealed class TrainingTests
{
    [Fact]
    public void APretrainedEncoderLearnsATaskFromRawIds()
    {
        // A new head on the masked language model: does the text, before its padding, hold the word 7 in its second segment?
        const int Examples = 256, Time = 10;
        var random = new Random(3);
        TensorData ids = new(DType.Int64, [Examples, Time]), mask = new(DType.Int64, [Examples, Time]), types = new(DType.Int64, [Examples, Time]), labels = new(DType.Int64, [Examples]);
        for (int e = 0; e < Examples; e++)
        {
            int length = 6 + random.Next(5), split = 2 + random.Next(3), label = e % 2;
            for (int t = 0; t < Time; t++)
            {
                int at = e * Time + t;
                bool inside = t < length;

                // Padding holds words as well, so that only the mask tells it from text; the word in the first segment says nothing.
                long word = 8 + random.Next(80);
                ids.AsSpan<long>()[at] = !inside || (t == 1 && random.Next(2) == 0) ? 7 : word;
                mask.AsSpan<long>()[at] = inside ? 1 : 0;
                types.AsSpan<long>()[at] = t >= split ? 1 : 0;
            }

            if (label == 1)
                ids.AsSpan<long>()[e * Time + split + random.Next(length - split)] = 7;
            labels.AsSpan<long>()[e] = label;
        }

        BertForSequenceClassification model = BertForSequenceClassification.Load(
            Published.Folder("bert_mlm"), new PretrainedLoadOptions { NewHead = true, Labels = ["no", "yes"], Seed = 5 });
        Assert.Equal(["no", "yes"], model.Config.Labels);
        var data = new ArrayDataset([ids, mask, types], [labels]);
        model.Compile(new AdamW(2e-3), Loss.SparseCategoricalCrossentropy(fromLogits: true), Metric.Accuracy);
        double before = model.Evaluate(data)["accuracy"];
        model.Fit(data, new FitOptions { Epochs = 12, BatchSize = 32, Verbosity = Verbosity.Silent });
        EvaluationResult after = model.Evaluate(data);
        Assert.True(before < 0.75 && after["accuracy"] > 0.95, $"accuracy {before} before, {after["accuracy"]} after");

        using var saved = new Scratch();
        model.SavePretrained(saved.Path);
        BertForSequenceClassification again = BertForSequenceClassification.Load(saved.Path);
        Assert.Equal(["no", "yes"], again.Config.Labels);
        Assert.Equal(model.Predict(data).ToArray<float>(), again.Predict(data).ToArray<float>());
    }

    [Fact]
    public void AHeadThatDoesNotFitIsMadeAnewOnlyWhenAsked()
    {
        var error = Assert.Throws<CheckpointException>(() => BertForTokenClassification.Load(Published.Folder("bert")));
        Assert.Contains("NewHead", error.Message, StringComparison.Ordinal);
        var options = new PretrainedLoadOptions { NewHead = true, Labels = ["a", "b", "c"], Seed = 1 };
        TensorData ids = Published.Array("bert", "input_ids");
        BertForTokenClassification model = BertForTokenClassification.Load(Published.Folder("bert"), options);
        Assert.Equal([3, 12, 3], model.Predict(ids).Shape);
        Assert.Equal(model.Predict(ids).ToArray<float>(), BertForTokenClassification.Load(Published.Folder("bert"), options).Predict(ids).ToArray<float>());
        Assert.NotEqual(model.Predict(ids).ToArray<float>(), BertForTokenClassification.Load(Published.Folder("bert"), options with { Seed = 2 }).Predict(ids).ToArray<float>());
        TensorData[] spans = RobertaForQuestionAnswering.Load(Published.Folder("roberta"), new PretrainedLoadOptions { NewHead = true }).PredictAll(new ArrayDataset([ids], []));
        Assert.Equal(2, spans.Length);
        Assert.All(spans, s => Assert.Equal([3, 12], s.Shape));
        Assert.Throws<OptionException>(() => BertForTokenClassification.Load(Published.Folder("bert"), new PretrainedLoadOptions { Labels = ["a"] }));
        Assert.Throws<OptionException>(() => LlamaForCausalLM.Load(Published.Folder("llama"), new PretrainedLoadOptions { NewHead = true, Labels = ["a"] }));
    }

    [Theory]
    [InlineData("bert", "hidden_dropout_prob")]
    [InlineData("bert", "attention_probs_dropout_prob")]
    [InlineData("bert", "classifier_dropout")]
    [InlineData("roberta", "classifier_dropout")]
    [InlineData("distilbert", "dropout")]
    [InlineData("distilbert", "attention_dropout")]
    [InlineData("distilbert", "seq_classif_dropout")]
    [InlineData("gpt2", "resid_pdrop")]
    [InlineData("gpt2", "embd_pdrop")]
    [InlineData("gpt2", "attn_pdrop")]
    [InlineData("llama", "attention_dropout")]
    [InlineData("t5", "dropout_rate")]
    [InlineData("vit", "hidden_dropout_prob")]
    [InlineData("vit", "attention_probs_dropout_prob")]
    public void DropoutIsActiveInTrainingOnly(string name, string field)
    {
        using Scratch folder = Scratch.Copy(name, c => c[field] = 0.5);
        PretrainedModel model = PretrainedModel.Load(folder.Path), plain = Published.Load(name);
        Assert.Equal(Run(plain, false), Run(model, false));
        Assert.NotEqual(Run(model, false), Run(model, true));

        float[] Run(PretrainedModel which, bool training)
        {
            Dataset data = Published.Inputs(name);
            Batch batch = data.CreateBatch(2);
            data.Fill([0, 1], batch);
            Program program = Program.Compile((Tensor[] x) => which.Apply(x), new ProgramOptions { Training = training, Seed = 1 });
            return program.RunAll([.. batch.InputArray])[0].ToArray<float>();
        }
    }

    [Fact]
    public void BatchNormalizationCountsItsBatches()
    {
        PretrainedModel model = Published.Load("resnet");
        model.Compile(new Sgd(1e-3), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        TensorData images = Tensor.From(Published.Array("resnet", "pixel_values")).Transpose(0, 2, 3, 1).Evaluate();
        model.Fit(images, Published.Array("resnet", "labels"), new FitOptions { Epochs = 3, BatchSize = 2, Verbosity = Verbosity.Silent });
        using var saved = new Scratch();
        model.SavePretrained(saved.Path);
        SortedDictionary<string, TensorData> tensors = Published.Tensors(saved.Path);
        Assert.Equal(3, tensors["resnet.embedder.embedder.normalization.num_batches_tracked"].Item<long>());
        Assert.NotEqual(
            Published.Tensors(Published.Folder("resnet"))["resnet.embedder.embedder.normalization.running_mean"].ToArray<float>(),
            tensors["resnet.embedder.embedder.normalization.running_mean"].ToArray<float>());
    }

    [Fact]
    public void ParametersAreCountedOnce()
    {
        Assert.Equal(Published.Tensors(Published.Folder("gpt2")).Values.Sum(t => t.Shape.ElementCount), Published.Load("gpt2").ParameterCount);
        Assert.Equal(124_439_808, new Gpt2LMHeadModel(new Gpt2Config()).ParameterCountOnly());
        Assert.Equal(109_483_778, new BertForSequenceClassification(new BertConfig()).ParameterCountOnly());
        Assert.Equal(25_557_032, new ResNetForImageClassification(new ResNetConfig { Labels = [.. Enumerable.Range(0, 1000).Select(i => $"c{i}")] }).ParameterCountOnly());
    }

    [Fact]
    public void InputsThatDoNotFitAreErrors()
    {
        var model = (Gpt2LMHeadModel)Published.Load("gpt2");
        Assert.Throws<ShapeException>(() => model.Predict(new TensorData(DType.Int64, [1, 65])));
        Assert.Throws<DTypeException>(() => model.Predict(new TensorData(DType.Float32, [1, 5])));
        Assert.Throws<InputException>(() => model.Predict(TensorData.From<long>([97], [1, 1])));
        Assert.Throws<ShapeException>(() => model.Predict(new ArrayDataset([new TensorData(DType.Int64, [1, 5]), new TensorData(DType.Int64, [1, 4])], [])));
        Assert.Throws<DatasetException>(() => model.Predict(new ArrayDataset([.. Enumerable.Repeat((ArraySource)new TensorData(DType.Int64, [1, 5]), 5)], [])));
        Assert.Throws<ShapeException>(() => Published.Load("vit").Predict(new TensorData(DType.Float32, [1, 15, 16, 3])));
    }

    [Fact]
    public void ANodeOfAPublicModelComesFromTheLineThatAppliesTheModel()
    {
        BertForTokenClassification model = BertForTokenClassification.Load(Published.Folder("bert"), new PretrainedLoadOptions { NewHead = true, Labels = ["a", "b"], Seed = 1 });
        string? file = null;
        Program program = Program.Compile(ids =>
        {
            Tensor logits = model.Apply(ids);
            file = Path.GetFileName(logits.Node.Inputs[0].Node.Origin.File);
            return logits;
        });
        program.Run(Published.Array("bert", "input_ids"));
        Assert.Equal("TrainingTests.cs", file);
    }
}

internal static class Counting
{
    /// <summary>The number of values, without first values for them.</summary>
    internal static long ParameterCountOnly(this PretrainedModel model)
    {
        model.EnsureBuilt([.. model.InputsToBuild], namesOnly: true);
        return model.Parameters.Sum(p => p.Shape.ElementCount);
    }
}
