using Anneal.Testing;
using Xunit.Abstractions;

namespace Anneal.Onnx.Tests;

/// <summary>Damaged graphs are read or refused with one of Anneal's errors, within bounds of memory and time.</summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly string[] Operators = [.. OnnxOperators.Names.Order(StringComparer.Ordinal), "Unknown"];

    private static readonly Lazy<byte[][]> Seeds = new(MakeSeeds);

    /// <summary>Bytes changed, removed, repeated, in whole files and files of nothing else.</summary>
    [Fact]
    public void Bytes() => Run("ONNX bytes", number => number % 10 == 0 ? Random(number) : FileDamage.Of(Seeds.Value, number), shortRun: 600);

    /// <summary>Graphs whose nodes, attributes, shapes and values are exchanged, in files that are sound: these reach the rules of the operators.</summary>
    [Fact]
    public void Graphs() => Run("ONNX graphs", number => Rewired(Seeds.Value[number % Seeds.Value.Length], new Random(number)), shortRun: 400);

    private void Run(string reader, Func<int, byte[]> make, int shortRun)
    {
        FuzzCount count = Fuzzing.Run(reader, make, bytes => OnnxModel.Import(bytes), new FuzzLimits { ShortRun = shortRun });
        output.WriteLine($"{reader}: {count}");
        Assert.InRange(count.Refused, count.Inputs / 10, count.Inputs - 1);
    }

    private static byte[] Random(int number)
    {
        var random = new Random(number);
        var bytes = new byte[random.Next(400)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Rewired(byte[] seed, Random random)
    {
        OnnxFile file = OnnxReader.Read(seed, "seed");
        for (int change = random.Next(3); change >= 0; change--)
            Change(file, random);
        using var stream = new MemoryStream();
        OnnxWriter.Write(file, t => Value(t, random)).WriteTo(stream);
        return stream.ToArray();
    }

    private static TensorData? Value(OnnxTensor tensor, Random random)
    {
        try
        {
            return tensor.HasValues && random.Next(200) > 0 ? tensor.Read("seed", null) : null;
        }
        catch (AnnealException)
        {
            // What no longer fits its description is written without values.
            return null;
        }
    }

    private static void Change(OnnxFile file, Random random)
    {
        List<OnnxNode> nodes = random.Next(4) == 0 && file.Graph.Nodes.SelectMany(n => n.Attributes).FirstOrDefault(a => a.Graph is not null)?.Graph is { } body ? body.Nodes : file.Graph.Nodes;
        OnnxNode node = nodes[random.Next(nodes.Count)], other = nodes[random.Next(nodes.Count)];
        switch (random.Next(11))
        {
            case 0: node.Operator = Operators[random.Next(Operators.Length)]; break;
            case 1 when node.Inputs.Count > 0 && other.Outputs.Count > 0: node.Inputs[random.Next(node.Inputs.Count)] = other.Outputs[0]; break;
            case 2 when node.Inputs.Count > 0: node.Inputs.RemoveAt(random.Next(node.Inputs.Count)); break;
            case 3: node.Attributes.AddRange(other.Attributes); break;
            case 4 when node.Attributes.Count > 0: Change(node.Attributes[random.Next(node.Attributes.Count)], random); break;
            case 5 when file.Graph.Initializers.Count > 0:
                OnnxTensor tensor = file.Graph.Initializers[random.Next(file.Graph.Initializers.Count)];
                if (tensor.Dimensions.Count > 0)
                    tensor.Dimensions.Reverse();
                break;
            case 6: (node.Operator, other.Operator) = (other.Operator, node.Operator); break;
            case 7: file.Graph.Inputs[0].Dimensions = [.. Enumerable.Range(0, random.Next(5)).Select(_ => new OnnxDimension(random.Next(-1, 9), ""))]; break;
            case 8: nodes.Insert(random.Next(nodes.Count), node); break;
            default: nodes.Add(EmitterNames.NodeOf(node.Operator, node.Name, [.. other.Inputs], [$"twin_{nodes.Count}"])); break;
        }
    }

    private static void Change(OnnxAttribute attribute, Random random)
    {
        long[] numbers = [-1, 0, 1, 2, 3, 7, 100, int.MaxValue, long.MinValue, long.MaxValue];
        long number = numbers[random.Next(numbers.Length)];
        attribute.Integer = number;
        attribute.Number = number;
        if (attribute.Integers.Count > 0)
            attribute.Integers[random.Next(attribute.Integers.Count)] = number;
        if (attribute.Tensor is { Dimensions: { Count: > 0 } dimensions })
            dimensions[0] = number;
        if (attribute.Tensor is { } tensor && random.Next(2) == 0)
            attribute.Tensor = OnnxTensor.Of(tensor.Name, TensorData.From([number, number]));
    }

    private static byte[][] MakeSeeds()
    {
        (Model, TensorType)[] models =
        [
            (new Sequential(new Conv2D(2, 3, Activation.Elu), new MaxPool2D(2), new Conv2DTranspose(2, 3, strides: 2), new GlobalAveragePool2D(), new Dense(2)), new(DType.Float32, [9, 9, 1])),
            (new Sequential(new Embedding(7, 4, maskZero: true), new Bidirectional(new Lstm(3, returnSequences: true)), new Gru(2), new LayerNormalization()), new(DType.Int32, [4])),
            (new Sequential(new Embedding(7, 4), new TransformerEncoderBlock(2, 4, Activation.Gelu), new AveragePool1D(2), new Flatten()), new(DType.Int32, [4])),
        ];
        var seeds = new List<byte[]>();
        foreach ((Model model, TensorType type) in models)
        {
            model.Build([type]);
            using var stream = new MemoryStream();
            OnnxWriter.Write(OnnxExporter.ToFile(model, [type], new OnnxExportOptions(), "seed")).WriteTo(stream);
            seeds.Add(stream.ToArray());
        }

        string golden = Path.Combine(Repository.Root, "tests", "golden", "models", "onnx");
        seeds.AddRange(((string[])["lstm_dynamo", "encoder_script"]).Select(n => File.ReadAllBytes(Path.Combine(golden, n + ".onnx"))));
        return [.. seeds];
    }
}
