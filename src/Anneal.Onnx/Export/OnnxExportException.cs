namespace Anneal.Onnx;

/// <summary>A model cannot be written as an ONNX graph: an operation has no counterpart there, or the model computes something else for another number of examples.</summary>
public sealed class OnnxExportException : AnnealException
{
    internal OnnxExportException(string operation, string where, string message)
        : base($"{operation}{(where.Length == 0 ? "" : " of " + where)} {message}") =>
        (Operation, Where) = (operation, where);

    /// <summary>The operation.</summary>
    public string Operation { get; }

    /// <summary>The path of its layer and the line that led to it, as far as they are known.</summary>
    public string Where { get; }
}
