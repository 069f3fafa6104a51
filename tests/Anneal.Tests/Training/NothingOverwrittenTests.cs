namespace Anneal.Tests.Training;

/// <summary>What goes wrong in training leaves the model as it was.</summary>
public sealed class NothingOverwrittenTests
{
    [Fact]
    public void ALossThatIsNotFiniteNamesItsSourceAndChangesNothing()
    {
        Sequential model = TestModels.Classifier();
        var x = new float[12];
        x[7] = float.NaN;
        Dataset data = Dataset.From(TensorData.From(x, [6, 2]), TensorData.From([0, 1, 2, 0, 1, 2]));
        model.Build([2]);
        Dictionary<string, byte[]> before = TestModels.Bits(model);
        var mistake = Assert.Throws<NonFiniteLossException>(() => model.Fit(data, TestModels.Quiet with { BatchSize = 6 }));
        Assert.Contains("input 0", mistake.Message);
        Assert.All(TestModels.Bits(model), v => Assert.Equal(before[v.Key], v.Value));
        Assert.Throws<NonFiniteLossException>(() => model.Evaluate(data));
    }

    [Fact]
    public void ALossThatOverflowsNamesTheLayer()
    {
        var model = new Sequential(new Dense(4, kernelInitializer: new Constant(1e30f), name: "wide"), new Dense(1, kernelInitializer: new Constant(1e30f), name: "huge"));
        model.Compile(new Sgd(0.1), Loss.MeanSquaredError());
        var mistake = Assert.Throws<NonFiniteLossException>(
            () => model.Fit(TensorData.From<float>([1, 1], [2, 1]), TensorData.From<float>([0, 0], [2, 1]), TestModels.Quiet with { BatchSize = 2 }));
        Assert.Contains("huge", mistake.Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ABadLabelIsFoundBeforeTheFirstStep(bool inValidation)
    {
        Sequential model = TestModels.Classifier();
        model.Build([2]);
        Dictionary<string, byte[]> before = TestModels.Bits(model);
        int[] labels = [.. Enumerable.Range(0, 30).Select(i => i % 3)];
        labels[inValidation ? 29 : 17] = 3;
        Dataset data = Dataset.From(new TensorData(DType.Float32, [30, 2]), TensorData.From(labels));
        var mistake = Assert.Throws<LabelException>(() => model.Fit(data, TestModels.Quiet with { BatchSize = 5, ValidationSplit = 0.2 }));
        Assert.Contains(inValidation ? "example 29" : "example 17", mistake.Message);
        Assert.Contains("found 3", mistake.Message);
        Assert.All(TestModels.Bits(model), v => Assert.Equal(before[v.Key], v.Value));
    }

    [Fact]
    public void AValueThatWillNotBeThereIsNoticedBeforeTraining()
    {
        Sequential model = TestModels.Classifier();
        model.Build([2]);
        Dictionary<string, byte[]> before = TestModels.Bits(model);
        var mistake = Assert.Throws<OptionException>(
            () => model.Fit(TestModels.Points(30), TestModels.Quiet with { BatchSize = 5, Callbacks = [new EarlyStopping()] }));
        Assert.Contains("val_loss", mistake.Message);
        Assert.All(TestModels.Bits(model), v => Assert.Equal(before[v.Key], v.Value));
    }

    [Fact]
    public void ALayerThatIsNotTrackedIsAnError()
    {
        var model = new Forgetful();
        Assert.Contains("Track", Assert.Throws<ModelException>(() => model.Build([2])).Message);
    }

    [Fact]
    public void ALayerWithTwoParentsCannotBeSaved()
    {
        var shared = new Dense(4, name: "shared");
        Input input = new(4);
        var model = new Model(input, new Sequential("b", shared).Apply(new Sequential("a", shared).Apply(input)));
        string folder = Path.Combine(Path.GetTempPath(), "anneal-two-parents-" + Guid.NewGuid().ToString("N"));
        Assert.Contains("shared", Assert.Throws<ModelException>(() => model.Save(folder)).Message);
        Assert.False(Directory.Exists(folder));
    }

    private sealed class Forgetful : Model
    {
        private readonly Dense _hidden = new(4);

        protected override Tensor Call(Tensor input) => _hidden.Apply(input);
    }
}
