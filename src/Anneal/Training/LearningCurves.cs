using System.Globalization;
using System.Security;
using System.Text;

namespace Anneal;

/// <summary>Draws what training saw, epoch by epoch, as a picture in SVG, which browsers and README files show.</summary>
public static class LearningCurves
{
    private const int Width = 420, Height = 320, Left = 64, Right = 16, Top = 36, Bottom = 44, Ticks = 5, LegendWidth = 72;
    private const string Validation = "val_";

    /// <summary>Writes a picture with a panel for each value, in which training and validation are two lines.</summary>
    /// <param name="history">What training saw; at least one epoch.</param>
    /// <param name="path">The file; one of this name is replaced.</param>
    /// <param name="names">Which values, such as <c>loss</c>; none stands for all.</param>
    /// <exception cref="OptionException">There is no epoch, or no such value.</exception>
    /// <exception cref="UndefinedMetricException">A value is missing in an epoch; the message says why.</exception>
    public static void Save(History history, string path, params ReadOnlySpan<string> names)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        File.WriteAllText(path, ToSvg(history, names));
    }

    /// <summary>The picture of <see cref="Save"/> as text.</summary>
    /// <inheritdoc cref="Save"/>
    public static string ToSvg(History history, params ReadOnlySpan<string> names)
    {
        ArgumentNullException.ThrowIfNull(history);
        if (history.Epochs.Count == 0)
            throw new OptionException("Curves need at least one epoch, but the history has none.");
        string[] panels = names.Length > 0 ? names.ToArray() : [.. history.Names.Where(n => !n.StartsWith(Validation, StringComparison.Ordinal))];
        var svg = new StringBuilder();
        Write(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{panels.Length * Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        Write(svg, $"<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        for (int i = 0; i < panels.Length; i++)
        {
            Write(svg, $"<g transform=\"translate({i * Width} 0)\">\n");
            Panel(svg, history, panels[i]);
            svg.Append("</g>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Panel(StringBuilder svg, History history, string name)
    {
        double[] epochs = [.. history.Epochs.Select(e => (double)e.Epoch)];
        List<(string Legend, string Color, double[] Values)> lines = [("training", "#1f77b4", [.. history[name]])];
        if (history.Names.Contains(Validation + name))
            lines.Add(("validation", "#ff7f0e", [.. history[Validation + name]]));
        (double low, double high) = (lines.Min(l => l.Values.Min()), lines.Max(l => l.Values.Max()));
        double step = NiceStep((high - low) / Ticks);
        (low, high) = (Math.Floor(low / step) * step, Math.Ceiling(high / step) * step);
        if (high <= low)
            high = low + step;
        (double first, double last) = (epochs[0], Math.Max(epochs[^1], epochs[0] + 1));
        double X(double epoch) => Left + (epoch - first) / (last - first) * (Width - Left - Right);
        double Y(double value) => Height - Bottom - (value - low) / (high - low) * (Height - Top - Bottom);

        Write(svg, $"<text x=\"{Left}\" y=\"22\" font-size=\"14\">{SecurityElement.Escape(name)}</text>\n");

        // Above the frame, where no line can run through it.
        for (int i = 0; i < lines.Count; i++)
            Write(svg, $"<text x=\"{Width - Right - (lines.Count - 1 - i) * LegendWidth}\" y=\"22\" text-anchor=\"end\" fill=\"{lines[i].Color}\">{lines[i].Legend}</text>\n");
        Write(svg, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 8}\" text-anchor=\"middle\">epoch</text>\n");
        for (int i = 0; low + i * step <= high + step / 2; i++)
        {
            double value = low + i * step, y = Y(value);
            Write(svg, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:F1}\" y2=\"{y:F1}\" stroke=\"#ddd\"/>\n");
            Write(svg, $"<text x=\"{Left - 6}\" y=\"{y + 4:F1}\" text-anchor=\"end\">{Math.Round(value, 10):G6}</text>\n");
        }

        double every = Math.Max(1, NiceStep((last - first) / 8));
        for (double epoch = first; epoch <= last; epoch += every)
            Write(svg, $"<text x=\"{X(epoch):F1}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{epoch}</text>\n");
        foreach ((_, string color, double[] values) in lines)
            Line(svg, color, [.. epochs.Zip(values, (e, v) => (X(e), Y(v)))]);
        Write(svg, $"<rect x=\"{Left}\" y=\"{Top}\" width=\"{Width - Left - Right}\" height=\"{Height - Top - Bottom}\" fill=\"none\" stroke=\"#333\"/>\n");
    }

    private static void Line(StringBuilder svg, string color, (double X, double Y)[] points)
    {
        string path = string.Join(' ', points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.X:F1},{p.Y:F1}")));
        Write(svg, $"<polyline points=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>\n");
        foreach ((double x, double y) in points)
            Write(svg, $"<circle cx=\"{x:F1}\" cy=\"{y:F1}\" r=\"2.5\" fill=\"{color}\"/>\n");
    }

    /// <summary>The least of 1, 2 and 5 times a power of ten that is not less.</summary>
    private static double NiceStep(double atLeast)
    {
        if (!(atLeast > 0))
            return 1;
        double power = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
        double factor = atLeast / power;
        return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
    }

    private static void Write(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture));
}
