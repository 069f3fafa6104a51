using System.Globalization;
using System.Text;

namespace Anneal;

/// <summary>Writes a model as a table.</summary>
internal static class ModelSummary
{
    internal static string Of(Model model)
    {
        model.RequireBuilt();
        var rows = new List<string[]> { new[] { "layer", "output shape", "parameters" } };
        foreach (Layer layer in model.Layers)
        {
            string shapes = layer.OutputTypes is { } types ? string.Join(", ", types.Select(t => WithBatch(t.Shape))) : "not used";
            rows.Add([$"{layer.Name} ({layer.TypeName})", shapes, Count(CountOf(layer.Parameters))]);
        }

        NamedVariable[] parameters = [.. model.NamedVariables().Where(v => v.Variable is Parameter)];
        long trained = CountOf(parameters.Where(p => p.IsTrained).Select(p => p.Variable));
        long all = CountOf(parameters.Select(p => p.Variable));
        long bytes = parameters.Sum(p => p.Variable.Type.ByteCount);
        var text = new StringBuilder();
        text.Append("model ").Append(model.Name).Append('\n');
        AppendTable(text, rows);
        text.Append(CultureInfo.InvariantCulture, $"parameters {Count(all)} ({Bytes(bytes)}), trainable {Count(trained)}, not trainable {Count(all - trained)}\n");
        return text.ToString();
    }

    /// <summary>Such as <c>[batch, 28, 28, 1]</c>.</summary>
    internal static string WithBatch(Shape example) => "[" + string.Join(", ", example.Select(e => e.ToString(CultureInfo.InvariantCulture)).Prepend("batch")) + "]";

    private static long CountOf(IEnumerable<Variable> variables) => variables.Sum(v => v.Shape.ElementCount);

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Bytes(long value) => value < 1024 ? FormattableString.Invariant($"{value} B")
        : value < 1 << 20 ? FormattableString.Invariant($"{value / 1024.0:F1} KB")
        : FormattableString.Invariant($"{value / 1048576.0:F1} MB");

    private static void AppendTable(StringBuilder text, List<string[]> rows)
    {
        var widths = new int[rows[0].Length];
        foreach (string[] row in rows)
        {
            for (int i = 0; i < widths.Length; i++)
                widths[i] = Math.Max(widths[i], row[i].Length);
        }

        string line = new string('-', widths.Sum() + 2 * (widths.Length - 1)) + "\n";
        for (int r = 0; r < rows.Count; r++)
        {
            text.Append(rows[r][0].PadRight(widths[0])).Append("  ").Append(rows[r][1].PadRight(widths[1])).Append("  ")
                .Append(rows[r][2].PadLeft(widths[2])).Append('\n');
            if (r == 0)
                text.Append(line);
        }

        text.Append(line);
    }
}
