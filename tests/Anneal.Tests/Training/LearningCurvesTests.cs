using System.Globalization;
using System.Xml.Linq;

namespace Anneal.Tests;

public sealed class LearningCurvesTests
{
    [Fact]
    public void EveryValueHasAPanelAndEveryEpochAPoint()
    {
        History history = Trained(epochs: 3);
        XElement picture = XDocument.Parse(LearningCurves.ToSvg(history)).Root!;
        XNamespace svg = picture.Name.Namespace;
        XElement[] panels = [.. picture.Elements(svg + "g")];
        Assert.Equal(["loss", "mean_absolute_error"], panels.Select(p => p.Element(svg + "text")!.Value));
        foreach (XElement panel in panels)
        {
            XElement[] lines = [.. panel.Elements(svg + "polyline")];
            Assert.Equal(2, lines.Length);
            Assert.Equal(6, panel.Elements(svg + "circle").Count());
            Assert.All(lines, l => Assert.Equal(3, Points(l).Length));
        }

        // A larger loss stands higher, which is a smaller y.
        double[] values = [.. history["loss"]], heights = [.. Points(panels[0].Element(svg + "polyline")!).Select(p => -p.Y)];
        Assert.Equal(values.Index().OrderBy(v => v.Item).Select(v => v.Index), heights.Index().OrderBy(v => v.Item).Select(v => v.Index));
    }

    [Fact]
    public void OneEpochAndOneValueAreAPictureToo()
    {
        XElement picture = XDocument.Parse(LearningCurves.ToSvg(Trained(epochs: 1), "loss")).Root!;
        Assert.Single(picture.Elements(picture.Name.Namespace + "g"));
        Assert.DoesNotContain("NaN", picture.ToString(), StringComparison.Ordinal);
        Assert.Throws<OptionException>(() => LearningCurves.ToSvg(Trained(epochs: 1), "perplexity"));
        Assert.Throws<OptionException>(() => LearningCurves.ToSvg(new History()));
    }

    private static (double X, double Y)[] Points(XElement line) =>
    [
        .. line.Attribute("points")!.Value.Split(' ').Select(p => p.Split(','))
            .Select(p => (double.Parse(p[0], CultureInfo.InvariantCulture), double.Parse(p[1], CultureInfo.InvariantCulture))),
    ];

    private static History Trained(int epochs)
    {
        var model = new Sequential(new Dense(1)) { Seed = 1 };
        model.Compile(new Sgd(0.1), Loss.MeanSquaredError(), new MeanAbsoluteError());
        return model.Fit(
            TensorData.From<float>([1, 2, 3, 4], [4, 1]), TensorData.From<float>([2, 4, 6, 8], [4, 1]),
            new FitOptions { Epochs = epochs, BatchSize = 2, ValidationSplit = 0.5, Verbosity = Verbosity.Silent });
    }
}
