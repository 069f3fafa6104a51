namespace Anneal.Onnx.Tests;

/// <summary>Operators in forms that exporters seldom write, one node at a time: what ONNX Runtime makes of them and what Anneal does.</summary>
public sealed class OperatorTests
{
    private const double Tolerance = 1e-5;

    private static readonly Dictionary<string, Case> All = Cases().ToDictionary(c => c.Name);

    /// <summary>The names of the cases.</summary>
    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void TheRuntimeGivesTheSame(string name)
    {
        Case one = All[name];
        byte[] file = one.ToBytes();
        TensorData[] expected = Runtime.Run(file, one.Inputs), found = OnnxModel.Import(file).Infer(one.Inputs);
        Assert.Equal(expected.Select(e => e.Type), found.Select(f => f.Type));
        LayerTests.AssertClose(expected, found, name, Tolerance);
    }

    private static IEnumerable<Case> Cases()
    {
        TensorData five = F([1, 2, 3, 4, 5], 5), image = Drawn(1, 2, 5, 4);
        long least = long.MinValue, most = long.MaxValue;
        yield return new("Slice back from far below 0", 13, "Slice", [five], [I(-10), I(least), I(0), I(-1)]);
        yield return new("Slice back from far above", 13, "Slice", [five], [I(most), I(least), I(0), I(-2)]);
        yield return new("Slice with the longest step", 13, "Slice", [five], [I(1), I(most), I(0), I(most)]);
        yield return new("Slice with the longest step back", 13, "Slice", [five], [I(3), I(least), I(0), I(-most)]);
        yield return new("Slice without axes", 13, "Slice", [Drawn(3, 4)], [I(1, 0), I(3, -1)]);
        yield return new("Gather at negative places", 13, "Gather", [Drawn(3, 4)], [I(-1, 0, -3)], Attributes.Of("axis", -1));
        yield return new("Gather at computed negative places", 13, "Gather", [Drawn(3, 4), I(-1, 0, -3)], []);
        yield return new("GatherElements of fewer places", 13, "GatherElements", [Drawn(3, 4)], [TensorData.From(new long[] { -1, 2, 0 }, [3, 1])], Attributes.Of("axis", 1));
        yield return new("GatherND", 13, "GatherND", [Drawn(3, 4, 2)], [TensorData.From(new long[] { -1, 2, 0, -4 }, [2, 2])]);
        yield return new("ArgMin of bytes", 13, "ArgMin", [TensorData.From(new byte[] { 1, 0, 7, 255 }, [4])], [], Attributes.Of("axis", 0));
        yield return new("ArgMin of the least number", 13, "ArgMin", [TensorData.From(new int[] { 1, int.MinValue, 7 }, [3])], [], Attributes.Of("axis", 0));
        yield return new("ArgMax of the last", 13, "ArgMax", [F([1, 3, 3, 2], 4)], [], Attributes.Of("axis", 0), Attributes.Of("select_last_index", 1), Attributes.Of("keepdims", 0));
        yield return new("TopK of equal ones", 13, "TopK", [F([2, 2, 1, 1, 3], 5)], [I(4)], Attributes.Of("largest", 0)) { OutputCount = 2 };
        yield return new("OneHot at negative places", 13, "OneHot", [TensorData.From(new long[] { -1, 1, 5 })], [TensorData.Scalar(3L), F([2, 7], 2)], Attributes.Of("axis", 0));
        yield return new("CumSum", 14, "CumSum", [Drawn(3, 4)], [TensorData.Scalar(-1L)], Attributes.Of("exclusive", 1), Attributes.Of("reverse", 1));
        yield return new("Cast bytes that wrap", 13, "Cast", [TensorData.From(new int[] { -1, 300, 128, -129, 127 })], [], Attributes.Of("to", 3));
        yield return new("Cast bytes without sign that wrap", 13, "Cast", [TensorData.From(new long[] { -1, 300, 128, -129, 127 })], [], Attributes.Of("to", 2));
        yield return new("Cast to truth", 13, "Cast", [F([0, 0.5f, -0.2f, 3], 4)], [], Attributes.Of("to", 9));
        yield return new("Cast to whole numbers", 13, "Cast", [F([0.9f, -0.9f, 2.5f, -2.5f], 4)], [], Attributes.Of("to", 6));
        yield return new("Div of whole numbers", 14, "Div", [TensorData.From(new long[] { 7, -7, 7, -7 }), TensorData.From(new long[] { 2, 2, -2, -2 })], []);
        yield return new("Mod of whole numbers", 13, "Mod", [TensorData.From(new long[] { 7, -7, 7, -7 }), TensorData.From(new long[] { 3, 3, -3, -3 })], []);
        yield return new("Mod as in C", 13, "Mod", [F([7.5f, -7.5f, 7.5f], 3), F([2, 2, -2], 3)], [], Attributes.Of("fmod", 1));
        yield return new("Pow with a fraction", 15, "Pow", [TensorData.From(new int[] { 2, 3, 10 })], [F([0.5f, 0.5f, 2], 3)]);
        yield return new("Clip with crossed bounds", 13, "Clip", [five], [TensorData.Scalar(4f), TensorData.Scalar(2f)]);
        yield return new("Round", 14, "Round", [F([0.5f, 1.5f, 2.5f, -0.5f, -1.5f], 5)], []);
        yield return new("Asinh", 14, "Asinh", [F([-20, -0.001f, 0, 0.5f, 30], 5)], []);
        yield return new("Acosh", 14, "Acosh", [F([1, 1.5f, 30], 3)], []);
        yield return new("Acos", 14, "Acos", [F([-1, 0, 0.5f, 1], 4)], []);
        yield return new("MeanVarianceNormalization", 13, "MeanVarianceNormalization", [F([1e-4f, 2e-4f, 3e-4f, 5e-4f], 1, 1, 2, 2)], []);
        yield return new("LRN", 13, "LRN", [Drawn(1, 5, 2, 2)], [], Attributes.Of("size", 3));
        yield return new("Softmax before version 13", 11, "Softmax", [Drawn(2, 3, 4)], []);
        yield return new("Hardmax", 13, "Hardmax", [Drawn(2, 3, 4)], [], Attributes.Of("axis", 1));
        yield return new("Flatten from the end", 13, "Flatten", [Drawn(2, 3, 4)], [], Attributes.Of("axis", -1));
        yield return new("Split into unequal parts", 18, "Split", [Drawn(7, 2)], [], Attributes.Of("num_outputs", 3)) { OutputCount = 3 };
        yield return new("Pad that cuts", 13, "Pad", [Drawn(4, 3)], [I(-1, 1, 2, -1), TensorData.Scalar(9f)]);
        yield return new("Pad with a mirror", 13, "Pad", [Drawn(4, 3)], [I(2, 1, 3, 0)], Attributes.Of("mode", "reflect"));
        yield return new("Pad of some axes", 18, "Pad", [Drawn(4, 3)], [I(2, 1), TensorData.Scalar(0f), I(-1)], Attributes.Of("mode", "edge"));
        yield return new("Trilu", 14, "Trilu", [Drawn(3, 4)], [TensorData.Scalar(-1L)], Attributes.Of("upper", 0));
        yield return new("DepthToSpace", 13, "DepthToSpace", [Drawn(1, 8, 2, 3)], [], Attributes.Of("blocksize", 2), Attributes.Of("mode", "CRD"));
        yield return new("ReduceSum of nothing", 13, "ReduceSum", [Drawn(2, 3)], [], Attributes.Of("noop_with_empty_axes", 1));
        yield return new("ReduceLogSumExp", 18, "ReduceLogSumExp", [Drawn(2, 3)], [I(-1)], Attributes.Of("keepdims", 0));
        yield return new("Einsum of one", 12, "Einsum", [Drawn(2, 3, 4)], [], Attributes.Of("equation", "bij->jb"));
        yield return new("Einsum without arrow", 12, "Einsum", [Drawn(2, 3), Drawn(3, 4)], [], Attributes.Of("equation", "zj, ja"));
        yield return new("Einsum of three", 12, "Einsum", [Drawn(2, 3), Drawn(3, 4), Drawn(4, 2)], [], Attributes.Of("equation", "ij,jk,kl->il"));
        yield return new("MaxPool up", 12, "MaxPool", [image], [], Ints("kernel_shape", 2, 3), Ints("strides", 2, 2), Ints("pads", 0, 1, 1, 1), Attributes.Of("ceil_mode", 1));
        yield return new("AveragePool up", 19, "AveragePool", [image], [], Ints("kernel_shape", 2, 3), Ints("strides", 2, 2), Ints("pads", 1, 1, 1, 1), Attributes.Of("ceil_mode", 1));
        yield return new("AveragePool of padding", 11, "AveragePool", [image], [], Ints("kernel_shape", 2, 3), Ints("pads", 1, 1, 1, 1), Attributes.Of("count_include_pad", 1));
        foreach (string auto in (string[])["SAME_UPPER", "SAME_LOWER", "VALID"])
        {
            yield return new($"Conv {auto}", 11, "Conv", [image], [Drawn(3, 2, 2, 3)], Attributes.Of("auto_pad", auto), Ints("strides", 2, 1));
            yield return new($"MaxPool {auto}", 12, "MaxPool", [image], [], Attributes.Of("auto_pad", auto), Ints("kernel_shape", 2, 3), Ints("strides", 2, 1));
            yield return new($"ConvTranspose {auto}", 11, "ConvTranspose", [image], [Drawn(2, 3, 3, 3)], Attributes.Of("auto_pad", auto), Ints("strides", 2, 2));
        }

        yield return new("ConvTranspose to a shape", 11, "ConvTranspose", [image], [Drawn(2, 3, 3, 3)], Ints("output_shape", 10, 8), Ints("strides", 2, 2));
        foreach (Case one in Resizes(image).Concat(Recurrent()).Concat(Elementwise()).Concat(Others(image)))
            yield return one;
    }

    private static IEnumerable<Case> Resizes(TensorData image)
    {
        TensorData up = F([1, 1, 1.7f, 2.3f], 4), down = F([1, 1, 0.6f, 0.5f], 4), whole = F([1, 1, 2, 3], 4);
        foreach (string mode in (string[])["nearest", "linear", "cubic"])
        {
            foreach (string rule in (string[])["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"])
            {
                foreach ((string name, TensorData scales) in ((string, TensorData)[])[("up", up), ("down", down), ("whole", whole)])
                {
                    yield return new($"Resize {mode} {rule} {name}", 13, "Resize", [image], [null, scales], Attributes.Of("mode", mode), Attributes.Of("coordinate_transformation_mode", rule));
                }

                yield return new($"Resize {mode} {rule} to sizes", 13, "Resize", [image], [null, null, I(1, 2, 7, 3)], Attributes.Of("mode", mode), Attributes.Of("coordinate_transformation_mode", rule));
            }
        }

        foreach (string nearest in (string[])["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
            yield return new($"Resize to {nearest}", 13, "Resize", [image], [null, whole], Attributes.Of("nearest_mode", nearest));
        yield return new("Resize of some axes", 18, "Resize", [image], [null, null, I(3, 6)], Attributes.Of("mode", "linear"), Ints("axes", 3, 2));
        yield return new("Resize without what lies outside", 13, "Resize", [image], [null, up], Attributes.Of("mode", "cubic"), Attributes.Of("exclude_outside", 1));
        yield return new("Upsample", 9, "Upsample", [image], [whole], Attributes.Of("mode", "nearest"));
    }

    private static IEnumerable<Case> Recurrent()
    {
        const int Time = 4, Batch = 2, Inputs = 3, Size = 2;
        TensorData x = Drawn(Time, Batch, Inputs), lengths = TensorData.From(new int[] { 3, 4 });
        yield return new("LSTM with peepholes both ways", 14, "LSTM", [x], [Drawn(2, 4 * Size, Inputs), Drawn(2, 4 * Size, Size), Drawn(2, 8 * Size), lengths, null, null, Drawn(2, 3 * Size)],
            Attributes.Of("direction", "bidirectional"), Attributes.Of("hidden_size", Size))
        { OutputCount = 3 };
        yield return new("LSTM coupled", 14, "LSTM", [x], [Drawn(1, 4 * Size, Inputs), Drawn(1, 4 * Size, Size)], Attributes.Of("input_forget", 1), Attributes.Of("hidden_size", Size)) { OutputCount = 3 };
        yield return new("GRU back", 14, "GRU", [x], [Drawn(1, 3 * Size, Inputs), Drawn(1, 3 * Size, Size), Drawn(1, 6 * Size), lengths, Drawn(1, Batch, Size)],
            Attributes.Of("direction", "reverse"), Attributes.Of("hidden_size", Size))
        { OutputCount = 2 };
        yield return new("GRU that resets the product", 14, "GRU", [x], [Drawn(1, 3 * Size, Inputs), Drawn(1, 3 * Size, Size), Drawn(1, 6 * Size)],
            Attributes.Of("linear_before_reset", 1), Attributes.Of("hidden_size", Size))
        { OutputCount = 2 };
        yield return new("RNN both ways", 14, "RNN", [x], [Drawn(2, Size, Inputs), Drawn(2, Size, Size)], Attributes.Of("direction", "bidirectional"), Attributes.Of("hidden_size", Size),
            Texts("activations", "Relu", "Softsign"))
        { OutputCount = 2 };
    }

    private static IEnumerable<Case> Elementwise()
    {
        TensorData x = Drawn(2, 3, 4), truth = TensorData.From(new[] { true, false, true, false }), other = TensorData.From(new[] { true, true, false, false });
        yield return new("Equal of truths", 13, "Equal", [truth, other], []) { Type = DType.Bool };
        yield return new("Xor", 7, "Xor", [truth, other], []);
        yield return new("IsInf above", 10, "IsInf", [F([1, float.PositiveInfinity, float.NegativeInfinity, float.NaN], 4)], [], Attributes.Of("detect_negative", 0)) { Type = DType.Bool };
        yield return new("IsNaN", 13, "IsNaN", [F([1, float.PositiveInfinity, float.NaN], 3)], []) { Type = DType.Bool };
        yield return new("Mean of three", 13, "Mean", [x, Drawn(3, 1), Drawn(4)], []);
        yield return new("Max of three", 13, "Max", [x, Drawn(3, 1), Drawn(4)], []);
        yield return new("PRelu", 16, "PRelu", [x], [Drawn(3, 1)]);
        yield return new("Celu", 12, "Celu", [x], [], Number("alpha", 2));
        yield return new("Selu", 7, "Selu", [x], []);
        yield return new("Elu", 7, "Elu", [x], [], Number("alpha", 0.5));
        yield return new("Shrink", 9, "Shrink", [x], [], Number("lambd", 0.3), Number("bias", 0.1));
        yield return new("ThresholdedRelu", 10, "ThresholdedRelu", [x], [], Number("alpha", 0.25));
        yield return new("HardSwish", 14, "HardSwish", [x], []);
        yield return new("HardSigmoid", 7, "HardSigmoid", [x], [], Number("alpha", 0.5));
        yield return new("Mish", 18, "Mish", [x], []);
        yield return new("Gelu", 20, "Gelu", [x], [], Attributes.Of("approximate", "tanh"));
        yield return new("Softsign", 7, "Softsign", [x], []);
        yield return new("LogSoftmax", 13, "LogSoftmax", [x], [], Attributes.Of("axis", 1));
    }

    private static IEnumerable<Case> Others(TensorData image)
    {
        TensorData x = Drawn(2, 3, 4), places = TensorData.From(new long[] { 1, 0, -1, 2 }, [1, 4]);
        yield return new("ScatterElements", 16, "ScatterElements", [Drawn(3, 4)], [places, Drawn(1, 4)], Attributes.Of("axis", 0));
        yield return new("ScatterElements that adds", 16, "ScatterElements", [Drawn(3, 4)], [TensorData.From(new long[] { 0, 0, 3, -1, 1, 1 }, [3, 2]), Drawn(3, 2)], Attributes.Of("axis", 1), Attributes.Of("reduction", "add"));
        yield return new("ScatterND that adds", 16, "ScatterND", [Drawn(3, 4)], [TensorData.From(new long[] { 2, -1, 2, -1 }, [2, 2]), Drawn(2)], Attributes.Of("reduction", "add"));
        yield return new("Expand", 13, "Expand", [Drawn(3, 1)], [I(2, 1, 4)]);
        yield return new("Tile", 13, "Tile", [Drawn(2, 3)], [I(2, 0)]);
        yield return new("EyeLike", 9, "EyeLike", [Drawn(3, 4)], [], Attributes.Of("k", -1));
        yield return new("SpaceToDepth", 13, "SpaceToDepth", [Drawn(1, 2, 4, 6)], [], Attributes.Of("blocksize", 2));
        yield return new("Gemm", 13, "Gemm", [Drawn(3, 2), Drawn(4, 3)], [Drawn(4)], Number("alpha", 0.5), Number("beta", -2), Attributes.Of("transA", 1), Attributes.Of("transB", 1));
        yield return new("MatMul of a row", 13, "MatMul", [Drawn(3), Drawn(2, 3, 4)], []);
        yield return new("MatMul of a column", 13, "MatMul", [Drawn(2, 4, 3), Drawn(3)], []);
        foreach (string op in (string[])["ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceMean"])
            yield return new(op, 13, op, [x], [], Ints("axes", -1, 0));
        yield return new("LpNormalization", 7, "LpNormalization", [x], [], Attributes.Of("axis", 1), Attributes.Of("p", 1));
        yield return new("InstanceNormalization", 7, "InstanceNormalization", [image], [Drawn(2), Drawn(2)], Number("epsilon", 0.01));
        yield return new("GroupNormalization", 21, "GroupNormalization", [Drawn(2, 4, 3)], [Drawn(4), Drawn(4)], Attributes.Of("num_groups", 2));
        yield return new("LayerNormalization", 17, "LayerNormalization", [x], [Drawn(3, 4), Drawn(3, 4)], Attributes.Of("axis", 1));
        yield return new("BatchNormalization", 15, "BatchNormalization", [Drawn(5, 2)], [Drawn(2), Drawn(2), Drawn(2), F([0.5f, 2], 2)]);
        yield return new("Conv in groups", 11, "Conv", [Drawn(2, 4, 9)], [Drawn(6, 2, 3), Drawn(6)], Attributes.Of("group", 2), Ints("dilations", 2), Ints("pads", 1, 3));
        yield return new("ConvTranspose in groups", 11, "ConvTranspose", [Drawn(2, 4, 5)], [Drawn(4, 3, 3), Drawn(6)], Attributes.Of("group", 2), Ints("strides", 2), Ints("pads", 1, 0), Ints("output_padding", 1));
        yield return new("GlobalMaxPool", 7, "GlobalMaxPool", [image], []);
        yield return new("Where", 16, "Where", [TensorData.From(new[] { true, false, true }, [3, 1])], [Drawn(4), Drawn(2, 1, 1)]) { Type = DType.Float32 };
    }

    private static OnnxAttribute Number(string name, double value) => new() { Name = name, Type = OnnxAttributeType.Float, Number = value };

    private static TensorData F(float[] values, params long[] shape) => TensorData.From(values, shape);

    private static TensorData I(params long[] values) => TensorData.From(values);

    private static TensorData Drawn(params long[] shape) => Testing.Values.ToData(Testing.Values.Uniform(new Shape(shape).ElementCount, -1, 1, 5), new TensorType(DType.Float32, shape));

    private static OnnxAttribute Ints(string name, params long[] values) => Attributes.Of(name, values);

    private static OnnxAttribute Texts(string name, params string[] values)
    {
        var attribute = new OnnxAttribute { Name = name, Type = OnnxAttributeType.Strings };
        attribute.Texts.AddRange(values);
        return attribute;
    }

    /// <summary>One node: what it is given, and what is part of the graph; null where an input is left out.</summary>
    private sealed record Case(string Name, long Opset, string Operator, TensorData[] Inputs, TensorData?[] Constants, params OnnxAttribute[] Attributes)
    {
        internal int OutputCount { get; init; } = 1;

        /// <summary>The type of the output where it is not that of the first input.</summary>
        internal DType? Type { get; init; }

        internal byte[] ToBytes()
        {
            var file = new OnnxFile { Name = Name, IrVersion = 8 };
            file.Opsets[""] = Opset;
            string[] inputs = [.. Inputs.Select((_, i) => $"x{i}"), .. Constants.Select((c, i) => c is null ? "" : $"c{i}")], outputs = [.. Enumerable.Range(0, OutputCount).Select(i => $"y{i}")];
            OnnxNode node = EmitterNames.NodeOf(Operator, Name, inputs, outputs);
            node.Attributes.AddRange(Attributes);
            file.Graph.Name = "one";
            file.Graph.Nodes.Add(node);
            for (int i = 0; i < Inputs.Length; i++)
                file.Graph.Inputs.Add(new OnnxValueInfo { Name = $"x{i}", ElementType = OnnxTypes.Of(Inputs[i].DType), Dimensions = [.. Inputs[i].Shape.Select(e => new OnnxDimension(e, ""))] });
            for (int i = 0; i < Constants.Length; i++)
            {
                if (Constants[i] is { } value)
                    file.Graph.Initializers.Add(OnnxTensor.Of($"c{i}", value));
            }

            // The runtime works types out; those of the format's own answers are what is declared here.
            foreach ((string output, int type) in outputs.Zip(TypesOf()))
                file.Graph.Outputs.Add(new OnnxValueInfo { Name = output, ElementType = type });
            using var stream = new MemoryStream();
            OnnxWriter.Write(file).WriteTo(stream);
            return stream.ToArray();
        }

        private IEnumerable<int> TypesOf() => Operator switch
        {
            _ when Type is { } type => [OnnxTypes.Of(type)],
            "ArgMin" or "ArgMax" => [OnnxTypes.Of(DType.Int64)],
            "TopK" => [OnnxTypes.Of(Inputs[0].DType), OnnxTypes.Of(DType.Int64)],
            "Cast" => [(int)Attributes[0].Integer],
            "OneHot" => [OnnxTypes.Of(Constants[1]!.DType)],
            _ => Enumerable.Repeat(OnnxTypes.Of(Inputs[0].DType), OutputCount),
        };
    }
}
