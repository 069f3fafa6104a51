namespace Anneal.Models;

/// <summary>What an adapter has for one product: the low-rank factors, for DoRA the magnitudes, and how they change the product.</summary>
internal sealed class LoraModule : Layer
{
    private readonly Dropout? _dropout;

    internal LoraModule(LoraTarget target, LoraOptions options) : base(target.Product.Module)
    {
        Target = target;
        long inputs = Kernel.Shape[0], outputs = Kernel.Shape[1];
        double bound = 1 / Math.Sqrt(inputs);
        A = AddParameter("lora_A", [inputs, target.Rank], new RandomUniform(-bound, bound));
        B = AddParameter("lora_B", [target.Rank, outputs], Initializer.Zeros);
        Magnitude = options.UseDora ? AddParameter("lora_magnitude_vector", [outputs], Initializer.Ones) : null;
        _dropout = options.Dropout > 0 ? Track(new Dropout(options.Dropout)) : null;
    }

    internal LoraTarget Target { get; }

    /// <summary>The frozen kernel <c>[inputs, outputs]</c>.</summary>
    internal Parameter Kernel => Target.Product.Kernel;

    /// <summary><c>[inputs, rank]</c>.</summary>
    internal Parameter A { get; }

    /// <summary><c>[rank, outputs]</c>.</summary>
    internal Parameter B { get; }

    /// <summary><c>[outputs]</c>; null without DoRA.</summary>
    internal Parameter? Magnitude { get; }

    /// <summary>The tensors with their names in files.</summary>
    internal IEnumerable<WeightEntry> Entries(string prefix)
    {
        yield return new WeightEntry($"{prefix}{Name}.lora_A.weight", A, WeightLayout.OutputsFirst);
        yield return new WeightEntry($"{prefix}{Name}.lora_B.weight", B, WeightLayout.OutputsFirst);
        if (Magnitude is not null)
            yield return new WeightEntry($"{prefix}{Name}.lora_magnitude_vector", Magnitude, WeightLayout.Same);
    }

    /// <summary>
    /// The adapted product. The low-rank part goes through its narrow middle, so that no tensor of the kernel's size is made for it nor for its
    /// gradient; what DoRA needs of the adapted kernel is its norms.
    /// </summary>
    internal Tensor Multiply(Tensor input)
    {
        Tensor plain = input.MatMul(Kernel.Read());
        bool drops = _dropout is not null && Trace.Current is { Training: true };
        Tensor dropped = drops ? _dropout!.Apply(input) : input;
        Tensor low = (dropped.MatMul(A.Read()) * Target.Scale).MatMul(B.Read());
        if (Magnitude is null)
            return plain + low;
        Tensor ratio = (Magnitude / Norms(Adapted()).StopGradient()).BroadcastTo(plain.Shape);
        if (!drops)
            return (plain + low) * ratio;

        // As PEFT does: what is scaled is the product with what was dropped, beside the whole one.
        return plain + (ratio - 1) * dropped.MatMul(Kernel.Read()) + ratio * low;
    }

    /// <summary>The kernel with the adapter in it.</summary>
    internal Tensor Merged()
    {
        Tensor adapted = Adapted();
        return Magnitude is null ? adapted : adapted * (Magnitude / Norms(adapted)).BroadcastTo(adapted.Shape);
    }

    /// <summary>Begins with the magnitudes of the kernel, so that an adapter whose B is 0 changes nothing.</summary>
    internal void TakeMagnitudes()
    {
        if (Magnitude is not null)
            Magnitude.Value = Norms(Kernel.Read()).Evaluate();
    }

    protected override Tensor Call(Tensor input) => Multiply(input);

    private Tensor Adapted() => Kernel.Read() + A.Read().MatMul(B.Read()) * Target.Scale;

    private static Tensor Norms(Tensor kernel) => Tensor.Sqrt(Tensor.Square(kernel).Sum([0]));
}
