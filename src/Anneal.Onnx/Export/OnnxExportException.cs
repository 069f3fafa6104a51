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

/// <summary>An exported graph does not give what the model gives, within the tolerance that was stated. Nothing has been written.</summary>
public sealed class OnnxParityException : AnnealException
{
    internal OnnxParityException(string path, double difference, double tolerance)
        : base(FormattableString.Invariant(
            $"{path} is not written: the graph differs from the model by up to {difference:R}, at most {tolerance:R} was allowed. Hint: state a wider {nameof(OnnxExportOptions.Tolerance)} if that is what you want.")) =>
        (Difference, Tolerance) = (difference, tolerance);

    /// <summary>The largest difference that was found, as a share of the largest absolute number of the output, or of 1 where that is less; NaN where one of the two is no number.</summary>
    public double Difference { get; }

    /// <summary>What was allowed.</summary>
    public double Tolerance { get; }
}
