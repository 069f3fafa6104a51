using System.Globalization;
using Anneal.Graphs;

namespace Anneal.Onnx;

/// <summary>What all graphs of one export share: names, weights, constants, and the number of examples as a value.</summary>
internal sealed class EmitterNames
{
    // Constants up to this size are compared with others, so that each is written once.
    private const long MostComparedBytes = 512;
    private readonly HashSet<string> _taken = [];
    private readonly Dictionary<string, int> _counts = [];
    private readonly Dictionary<string, string> _constants = [];
    private readonly Dictionary<Extent, string> _extents = [];
    private readonly Dictionary<(Variable, string Order), string> _weights = [];
    private readonly string _input;

    private readonly IReadOnlySet<Variable> _trained;

    internal EmitterNames(BatchPair batch, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs, IReadOnlySet<Variable> trained)
    {
        (Batch, _input, _trained) = (batch, inputs[0], trained);
        foreach (string name in inputs.Concat(outputs))
        {
            if (!_taken.Add(name))
                throw new OptionException($"{nameof(OnnxExportOptions)}: '{name}' is the name of two inputs or outputs.");
        }
    }

    internal BatchPair Batch { get; }

    /// <summary>Nodes that stand before all others: constants, and what follows from the number of examples.</summary>
    internal List<OnnxNode> Front { get; } = [];

    internal List<OnnxTensor> Initializers { get; } = [];

    /// <summary>The names of the weights that are trained.</summary>
    internal List<string> Trained { get; } = [];

    /// <summary>A name that nothing has.</summary>
    internal string Fresh(string stem)
    {
        int count = _counts.GetValueOrDefault(stem);
        string name;
        do
            name = count++ == 0 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}_{count - 1}");
        while (!_taken.Add(name));
        _counts[stem] = count;
        return name;
    }

    /// <summary>A variable as an initializer.</summary>
    internal string Weight(Variable variable) => Weight(variable, "", () => variable.Storage);

    /// <summary>A variable with its axes in another order, or null where a tensor is none.</summary>
    internal string? TransposedWeight(Tensor tensor, ReadOnlySpan<long> order)
    {
        Tensor source = tensor.Node.Op is Ops.Reshape ? tensor.Node.Inputs[0] : tensor;
        if (source.Node.Op is not ReadVariable { Variable: var variable })
            return null;
        int[] axes = [.. order.ToArray().Select(a => (int)a)];
        Shape shape = tensor.Shape;
        return Weight(variable, $"{shape} {string.Join(' ', axes)}", () =>
        {
            using Trace.RewriteScope outside = Trace.Rewrite(null);
            return Tensor.From(variable.Storage.Reshape(shape)).Transpose(axes).Evaluate();
        });
    }

    /// <summary>Values that are part of the graph. They are nodes, not initializers, so that no reader takes them for weights.</summary>
    internal string Constant(TensorData data)
    {
        string? key = data.Type.ByteCount <= MostComparedBytes ? data.Type + Convert.ToBase64String(data.AsBytes()) : null;
        if (key is not null && _constants.TryGetValue(key, out string? name))
            return name;
        name = Fresh("constant");
        OnnxNode node = NodeOf("Constant", name, [], [name]);
        node.Attributes.Add(Attributes.Of("value", OnnxTensor.Of("", data)));
        Front.Add(node);
        if (key is not null)
            _constants[key] = name;
        return name;
    }

    internal string Number(double value, DType dtype)
    {
        var data = new TensorData(dtype, Shape.Scalar);
        data.SetDouble(0, value);
        return Constant(data);
    }

    internal string Integers(ReadOnlySpan<Extent> extents)
    {
        Extent[] all = extents.ToArray();
        if (all.All(e => e.IsFixed))
            return Constant(TensorData.From([.. all.Select(e => e.Offset)]));
        if (all.Length == 1)
            return Computed(all[0]);
        string name = Fresh("extents");
        OnnxNode node = NodeOf("Concat", name, [.. all.Select(e => e.IsFixed ? Constant(TensorData.From([e.Offset])) : Computed(e))], [name]);
        node.Attributes.Add(Attributes.Of("axis", 0));
        Front.Add(node);
        return name;
    }

    /// <summary>A number that follows from the number of examples, as a list of one.</summary>
    private string Computed(Extent extent)
    {
        if (_extents.TryGetValue(extent, out string? name))
            return name;
        if (extent == new Extent(1, 0))
        {
            string shape = Fresh("shape");
            OnnxNode node = NodeOf("Shape", shape, [_input], [shape]);
            node.Attributes.AddRange([Attributes.Of("start", 0), Attributes.Of("end", 1)]);
            Front.Add(node);
            return _extents[extent] = shape;
        }

        name = Computed(new Extent(1, 0));
        if (extent.Factor != 1)
            name = Arithmetic("Mul", name, extent.Factor);
        if (extent.Offset != 0)
            name = Arithmetic("Add", name, extent.Offset);
        return _extents[extent] = name;
    }

    internal static OnnxNode NodeOf(string op, string name, string[] inputs, string[] outputs)
    {
        var node = new OnnxNode { Operator = op, Name = name };
        node.Inputs.AddRange(inputs);
        node.Outputs.AddRange(outputs);
        return node;
    }

    private string Arithmetic(string op, string left, long right)
    {
        string name = Fresh("extent");
        Front.Add(NodeOf(op, name, [left, Constant(TensorData.From([right]))], [name]));
        return name;
    }

    private string Weight(Variable variable, string order, Func<TensorData> values)
    {
        if (_weights.TryGetValue((variable, order), out string? name))
            return name;
        _weights[(variable, order)] = name = Fresh(variable.Name);
        Initializers.Add(OnnxTensor.Of(name, values()));
        if (_trained.Contains(variable))
            Trained.Add(name);
        return name;
    }
}
