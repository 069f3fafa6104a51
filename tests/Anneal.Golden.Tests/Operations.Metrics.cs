using System.Globalization;
using Anneal.Testing;

namespace Anneal.Golden.Tests;

/// <content>Metrics, which are not functions of tensors but numbers for arrays.</content>
internal static partial class Operations
{
    private static readonly Dictionary<string, Averaging> Averagings = new()
    {
        ["micro"] = Averaging.Micro,
        ["macro"] = Averaging.Macro,
        ["weighted"] = Averaging.Weighted,
    };

    /// <summary>Computes every expected number of a metrics case and every array of its family; an unknown one fails.</summary>
    internal static void RunMetrics(GoldenCase golden)
    {
        var arguments = new GoldenArguments(golden, new Dictionary<string, Tensor>());
        string[] rule = arguments.Text("threshold").Split(" > ");
        Assert.Equal("score", rule[0]);
        double threshold = double.Parse(rule[1], CultureInfo.InvariantCulture), clip = arguments.Number("log_loss_clip");
        arguments.RequireAllUsed();
        OrderedDictionary<string, TensorData> arrays = GoldenFolder.Family(golden.Family);
        Tolerance tolerance = GoldenTolerances.Of(golden.Family, 1);
        foreach ((string name, double expected) in golden.Expected)
        {
            double actual = Metric(name, arrays, threshold, clip);
            Assert.True(Math.Abs(actual - expected) <= tolerance.At(Math.Abs(expected)), $"{golden.Name}: {name} is {actual:R} instead of {expected:R}.");
        }

        Assert.NotEmpty(golden.Expected);
        foreach (string name in arrays.Keys)
            CompareArray(name, arrays, tolerance);
    }

    private static double Metric(string name, OrderedDictionary<string, TensorData> arrays, double threshold, double clip)
    {
        StreamingMetric metric = name switch
        {
            "accuracy" => new Accuracy(threshold),
            "precision" => new Precision(threshold: threshold),
            "recall" => new Recall(threshold: threshold),
            "f1" => new F1Score(threshold: threshold),
            "roc_auc" => new RocAuc(),
            "average_precision" => new AveragePrecision(),
            "log_loss" => new LogLoss(clip),
            "brier" => new BrierScore(),
            "mcc" => new MatthewsCorrelation(threshold),
            "balanced_accuracy" => new BalancedAccuracy(threshold),
            "multi_accuracy" => new Accuracy(),
            "cohen_kappa" => new CohenKappa(),
            "multi_auc_ovr" => new RocAuc(),
            "top2" => new TopKAccuracy(2),
            "multi_log_loss" => new LogLoss(),
            "mse" => new MeanSquaredError(),
            "mae" => new MeanAbsoluteError(),
            "r2" => new R2Score(),
            "mape" => new MeanAbsolutePercentageError(),
            _ => Averaged(name),
        };
        (string outputs, string targets) = name switch
        {
            "multi_auc_ovr" or "top2" or "multi_log_loss" => ("multi_prob", "multi_y"),
            "cohen_kappa" => ("multi_pred", "multi_y"),
            "mse" or "mae" or "r2" or "mape" => ("reg_pred", "reg_y"),
            _ => name.StartsWith("multi_", StringComparison.Ordinal) ? ("multi_pred", "multi_y") : ("binary_score", "binary_y"),
        };
        return metric.Of(arrays[outputs], arrays[targets]);
    }

    private static StreamingMetric Averaged(string name) => name.Split('_') is ["multi", var score, var averaging] && Averagings.TryGetValue(averaging, out Averaging how)
        ? score switch
        {
            "precision" => new Precision(how),
            "recall" => new Recall(how),
            "f1" => new F1Score(how),
            _ => throw new NotSupportedException($"The metric {name} is unknown."),
        }
        : throw new NotSupportedException($"The metric {name} is unknown.");

    private static void CompareArray(string name, OrderedDictionary<string, TensorData> arrays, Tolerance tolerance)
    {
        if (name is "binary_y" or "binary_score" or "multi_y" or "multi_pred" or "multi_prob" or "reg_y" or "reg_pred")
            return;
        RocCurve roc = RocCurve.Of(arrays["binary_score"], arrays["binary_y"]);
        PrecisionRecallCurve curve = PrecisionRecallCurve.Of(arrays["binary_score"], arrays["binary_y"]);
        IReadOnlyList<double> actual = name switch
        {
            "roc_fpr" => roc.FalsePositiveRates,
            "roc_tpr" => roc.TruePositiveRates,
            "pr_precision" => curve.Precisions,
            "pr_recall" => curve.Recalls,
            "confusion" => Confusion(arrays),
            _ => throw new NotSupportedException($"The array {name} is unknown."),
        };
        Comparer.AssertClose([actual.Count], Values.ToDoubles(arrays[name]), [actual.Count], [.. actual], tolerance, name);
    }

    private static double[] Confusion(OrderedDictionary<string, TensorData> arrays)
    {
        var metric = new CohenKappa();
        metric.Update(arrays["multi_pred"], arrays["multi_y"]);
        ConfusionMatrix matrix = metric.Matrix;
        return [.. Enumerable.Range(0, matrix.Classes * matrix.Classes).Select(i => (double)matrix[i / matrix.Classes, i % matrix.Classes])];
    }
}
