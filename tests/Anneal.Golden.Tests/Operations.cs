namespace Anneal.Golden.Tests;

/// <summary>How to compute the operations of the manifests with Anneal. One that is missing fails a test.</summary>
internal static partial class Operations
{
    /// <summary>How to compute each operation with Anneal.</summary>
    internal static readonly IReadOnlyDictionary<string, Runner> Runners = ((IEnumerable<KeyValuePair<string, Runner>>)
    [
        .. Elementwise,
        .. Activations,
        .. Arrangement,
        .. Reductions,
        .. Products,
        .. Images,
        .. Losses,
        .. Norms,
        .. Recurrent,
        .. Attention,
    ]).ToDictionary();

    private static Runner One(Func<GoldenArguments, Tensor> compute) => arguments => [compute(arguments)];

    private static Runner Unary(Func<Tensor, Tensor> compute) => One(a => compute(a["x"]));

    private static Runner Binary(Func<Tensor, Tensor, Tensor> compute) => One(a => compute(a["a"], a["b"]));
}
