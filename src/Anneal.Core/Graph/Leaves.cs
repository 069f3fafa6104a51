namespace Anneal.Graphs;

/// <summary>A value that no operation computes.</summary>
internal abstract record LeafOp : Op
{
    internal sealed override OpKind Kind => OpKind.Leaf;

    internal abstract TensorType Type { get; }

    internal sealed override TensorType[] Infer(ReadOnlySpan<TensorType> inputs) => [Type];

    internal sealed override Tensor?[] Gradient(GradientCall call) => [];

    internal sealed override string? NoGradientReason => "has no inputs";

    internal sealed override OpRecord Record => OpRecord.Standard;
}

/// <summary>An argument of the program.</summary>
internal sealed record Input(int Index, string Label, TensorType Declared) : LeafOp
{
    internal override string Name => $"Input \"{Label}\"";

    internal override TensorType Type => Declared;

    internal override void Reference(ReferenceCall call) => throw new GraphException("An input is given, not computed.");
}

/// <summary>The value of a variable when the program starts.</summary>
internal sealed record ReadVariable(Variable Variable) : LeafOp
{
    internal override string Name => $"Read \"{Variable.Name}\"";

    internal override TensorType Type => Variable.Type;

    // Outside of a trace the value is fixed when it is read; a later change must be noticed, not silently followed.
    internal long Version { get; } = Variable.Version;

    internal override void Reference(ReferenceCall call) => Fill(Variable.Storage, call.Outputs[0]);

    internal static void Fill(TensorData data, double[] output)
    {
        for (int i = 0; i < output.Length; i++)
            output[i] = data.GetDouble(i);
    }
}

/// <summary>Values that are part of the program.</summary>
internal sealed record Literal(TensorData Data) : LeafOp
{
    internal override TensorType Type => Data.Type;

    internal override void Reference(ReferenceCall call) => ReadVariable.Fill(Data, call.Outputs[0]);
}

/// <summary>One number everywhere. Takes no memory: loops hold it in a register.</summary>
internal sealed record Constant(double Value, TensorType Filled) : LeafOp
{
    internal override TensorType Type => Filled;

    internal override void Reference(ReferenceCall call) => Array.Fill(call.Outputs[0], Value);

    // By bits: 0 and -0 are equal numbers but not the same constant.
    public bool Equals(Constant? other) =>
        other is not null && Filled == other.Filled && BitConverter.DoubleToInt64Bits(Value) == BitConverter.DoubleToInt64Bits(other.Value);

    public override int GetHashCode() => HashCode.Combine(BitConverter.DoubleToInt64Bits(Value), Filled);
}
