namespace Anneal.Onnx;

/// <summary>An ONNX graph has an operator that Anneal does not know, or one in a form that it does not have.</summary>
public sealed class OnnxOperatorException : AnnealException
{
    internal OnnxOperatorException(string file, OnnxNode node, string message, Exception? inner = null)
        : base($"{file}: operator {Shown(node.FullOperator)} at node {ModelFileException.Quote(node.Title)}: {message}", inner) =>
        (File, Operator, Node) = (file, node.FullOperator, node.Title);

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>The operator, with its domain where that is not ONNX's own, such as <c>Conv</c> or <c>com.microsoft.Attention</c>.</summary>
    public string Operator { get; }

    /// <summary>The name of the node, or of its first output where it has no name.</summary>
    public string Node { get; }

    private static string Shown(string name) => ModelFileException.Quote(name)[1..^1];
}
