using System.Globalization;
using System.Text;
namespace Anneal.Graphs;

/// <summary>Writes a graph as text: one node a line, values numbered in order, equal for graphs of equal structure.</summary>
internal static class Printer
{
    internal static string Print(Graph graph)
    {
        var names = new Dictionary<Tensor, string>();
        var variables = new Dictionary<Variable, string>();
        var text = new StringBuilder();
        foreach (Tensor input in graph.Inputs)
            names[input] = $"in{names.Count}";
        text.Append(CultureInfo.InvariantCulture, $"graph({string.Join(", ", graph.Inputs.Select(i => $"{names[i]}: {i.Type}"))})\n");
        int next = 0;
        foreach (Node node in graph.Nodes)
        {
            if (node.Op is Input undeclared)
            {
                // Only a broken graph has one that it does not declare; it is printed all the same.
                names.TryAdd(node.Outputs[0], $"undeclared{undeclared.Index}");
                continue;
            }

            foreach (Tensor output in node.Outputs)
                names[output] = $"v{next++}";
            string results = string.Join(", ", node.Outputs.Select(o => $"{names[o]}: {o.Type}"));
            text.Append(CultureInfo.InvariantCulture, $"  {results} = {Describe(node.Op)}({string.Join(", ", node.Inputs.Select(i => names[i]))})\n");
        }

        foreach (Update update in graph.Updates)
            text.Append(CultureInfo.InvariantCulture, $"  \"{update.Variable.Name}\" := {names[update.Value]}\n");
        text.Append(CultureInfo.InvariantCulture, $"  return {string.Join(", ", graph.Outputs.Select(o => names[o]))}\n");
        return text.ToString();
    }

    private static string Describe(Op op) => op switch
    {
        Constant constant => $"Constant {constant.Value.ToString("R", CultureInfo.InvariantCulture)}",
        ReadVariable read => $"Read \"{read.Variable.Name}\"",
        Literal => "Literal",
        _ => op.ToString(),
    };
}
