using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>What an input of a case looks like.</summary>
/// <param name="Type">Data type and shape.</param>
/// <param name="Low">The smallest value.</param>
/// <param name="High">The largest value; excluded for whole numbers.</param>
internal sealed record CaseInput(TensorType Type, double Low, double High)
{
    /// <summary>Whether values keep away from each other, so that a small step never changes which is largest.</summary>
    internal bool Distinct { get; init; }

    /// <summary>The values themselves, where they are not drawn.</summary>
    internal double[]? Fixed { get; init; }

    internal double[] Draw(int seed)
    {
        if (Fixed is not null)
            return [.. Fixed];
        double[] values = DrawFreely(seed);
        if (!Distinct)
            return values;
        int[] order = Enumerable.Range(0, values.Length).OrderBy(i => values[i]).ToArray();
        for (int rank = 0; rank < order.Length; rank++)
            values[order[rank]] = (float)(Low + (High - Low) * (rank + 0.5) / order.Length);
        return values;
    }

    private double[] DrawFreely(int seed) =>
        Type.DType.IsFloating() ? Values.Uniform(Type.Shape.ElementCount, Low, High, seed)
        : Type.DType == DType.Bool ? Values.Integers(Type.Shape.ElementCount, 0, 2, seed)
        : Values.Integers(Type.Shape.ElementCount, (long)Low, (long)High, seed);
}

/// <summary>An operation applied to inputs of certain shapes, with everything that the oracles need to know.</summary>
/// <param name="Op">The operation.</param>
/// <param name="Inputs">The inputs.</param>
/// <param name="Tolerance">How closely float32 kernels must follow the reference.</param>
internal sealed record OpCase(Op Op, CaseInput[] Inputs, Tolerance Tolerance)
{
    internal string Name => $"{Op} ({string.Join(", ", Inputs.Select(i => i.Type))})";

    internal int Seed => (int)(StableHash.Of(Name) & 0x7FFFFFFF);

    internal double[][] Draw() => Inputs.Select((input, i) => input.Draw(Seed ^ (i * 7919))).ToArray();

    internal Graph Trace() => Graph.Of(Name, Inputs.Select(i => i.Type).ToArray(), x => Node.Record(Op, x));

    /// <summary>The same case with another floating-point type.</summary>
    internal OpCase As(DType dtype) => this with
    {
        Inputs = Inputs.Select(i => i.Type.DType.IsFloating() ? i with { Type = i.Type with { DType = dtype } } : i).ToArray(),
        Op = Op switch
        {
            Cast { To: DType.Float32 } => new Cast(dtype),
            Scan scan => ScanCases.As(scan, dtype),
            Iota { Filled.DType: DType.Float32 } iota => iota with { Filled = iota.Filled with { DType = dtype } },
            _ => Op,
        },
    };

    public override string ToString() => Name;
}
