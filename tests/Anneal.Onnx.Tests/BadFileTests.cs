using Anneal.Testing;

namespace Anneal.Onnx.Tests;

/// <summary>Damaged, incomplete and hostile graphs are typed errors that say what is wrong.</summary>
public sealed class BadFileTests
{
    [Fact]
    public void AnUnknownOperatorIsNamedWithItsNode()
    {
        var error = Assert.Throws<OnnxOperatorException>(() => Import(Small(n => n.Operator = "Frobnicate")));
        Assert.Equal(("Frobnicate", "the node"), (error.Operator, error.Node));
        error = Assert.Throws<OnnxOperatorException>(() => Import(Small(n => (n.Domain, n.Operator) = ("com.example", "Add"))));
        Assert.Equal("com.example.Add", error.Operator);
        Assert.Contains("the node", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFormThatAnnealDoesNotHaveIsNamed()
    {
        Assert.Contains("'frob'", Assert.Throws<OnnxOperatorException>(() => Import(Small(n => n.Attributes.Add(Attributes.Of("frob", 1))))).Message, StringComparison.Ordinal);
        Assert.Contains("'nobody'", Assert.Throws<OnnxOperatorException>(() => Import(Small(n => n.Inputs[1] = "nobody"))).Message, StringComparison.Ordinal);
        Assert.Contains("shape", Assert.Throws<OnnxOperatorException>(() => Import(Small(n => n.Operator = "Reshape"))).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("input 1", Assert.Throws<OnnxOperatorException>(() => Import(Small(n => n.Inputs.RemoveAt(1)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OutputsMustBeThereAndValuesOnce()
    {
        Assert.Contains("'y'", Assert.Throws<ModelFileException>(() => Import(Small(n => n.Outputs[0] = "z"))).Message, StringComparison.Ordinal);
        Assert.Contains("'x'", Assert.Throws<ModelFileException>(() => Import(Small(n => n.Outputs[0] = "x"))).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void TensorsMustHoldWhatTheyClaim()
    {
        Assert.Contains("12", Assert.Throws<ModelFileException>(() => Import(Small(w => w.Dimensions[0] = 4, _ => { }))).Found, StringComparison.Ordinal);
        Assert.Throws<ModelFileException>(() => Import(Small(w => w.Dimensions[0] = long.MaxValue, _ => { })));
        Assert.Throws<ModelFileException>(() => Import(Small(w => w.Dimensions[0] = -1, _ => { })));
        Assert.Contains("complex64", Assert.Throws<ModelFileException>(() => Import(Small(w => w.ElementType = 14, _ => { }))).Found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../outside.bin")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../outside.bin")]
    [InlineData("..\\outside.bin")]
    [InlineData("C:\\outside.bin")]
    [InlineData("link.bin")]
    [InlineData("chain.bin")]
    [InlineData("loop.bin")]
    [InlineData("sub/link.bin")]
    [InlineData("nowhere.bin")]
    [InlineData("")]
    public void ValuesOutsideOfTheFolderAreRefused(string location)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("inside"));
        File.WriteAllBytes(folder.File("outside.bin"), new byte[12]);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "inside", "link.bin"), folder.File("outside.bin"));


        // Links that stay in the folder by name, and leave it by the next one.
        File.CreateSymbolicLink(Path.Combine(folder.Path, "inside", "sub"), folder.Path);
        File.CreateSymbolicLink(Path.Combine(folder.Path, "inside", "chain.bin"), "sub/outside.bin");
        File.CreateSymbolicLink(Path.Combine(folder.Path, "inside", "loop.bin"), "loop.bin");
        File.CreateSymbolicLink(folder.File("link.bin"), folder.File("outside.bin"));
        string path = Path.Combine(folder.Path, "inside", "graph.onnx");
        File.WriteAllBytes(path, Small(w => w.External = new Dictionary<string, string> { ["location"] = location }, _ => { }, withValues: false));
        var error = Assert.Throws<ModelFileException>(() => OnnxModel.Import(path));
        Assert.Contains("folder", error.Expected, StringComparison.Ordinal);
        Assert.Contains("'w'", error.Where, StringComparison.Ordinal);
    }

    [Fact]
    public void ValuesBesideTheFileAreReadWithinTheirFile()
    {
        using var folder = new TemporaryFolder();
        float[] values = [1, 2, 3];
        File.WriteAllBytes(folder.File("w.bin"), [9, 9, 9, 9, .. System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values)]);
        void Write(string offset) => File.WriteAllBytes(
            folder.File("graph.onnx"), Small(w => w.External = new Dictionary<string, string> { ["location"] = "w.bin", ["offset"] = offset, ["length"] = "12" }, _ => { }, withValues: false));
        Write("4");
        Assert.Equal([2, 3, 4], OnnxModel.Import(folder.File("graph.onnx")).Infer(TensorData.From(new float[] { 1, 1, 1 }, [1, 3]))[0].ToArray<float>());
        foreach (string offset in (string[])["8", "9223372036854775807", "-4", "x"])
        {
            Write(offset);
            Assert.Throws<ModelFileException>(() => OnnxModel.Import(folder.File("graph.onnx")));
        }

        Assert.Throws<ModelFileException>(() => OnnxModel.Import(File.ReadAllBytes(folder.File("graph.onnx"))));

        // Caches of downloads keep their files behind links; those within the folder are followed.
        Write("4");
        File.Move(folder.File("w.bin"), folder.File("values"));
        File.CreateSymbolicLink(folder.File("w.bin"), "values");
        Assert.Equal([2, 3, 4], OnnxModel.Import(folder.File("graph.onnx")).Infer(TensorData.From(new float[] { 1, 1, 1 }, [1, 3]))[0].ToArray<float>());
    }

    /// <summary>A small file and a thousand names for the same bytes beside it.</summary>
    [Fact]
    public void TheSameBytesAreNotReadWithoutEnd()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("w.bin"), new byte[12]);
        File.WriteAllBytes(folder.File("graph.onnx"), Named(9));
        Assert.Contains("w.bin", Assert.Throws<ModelFileException>(() => OnnxModel.Import(folder.File("graph.onnx"))).Expected, StringComparison.Ordinal);
        File.WriteAllBytes(folder.File("graph.onnx"), Named(8));
        OnnxModel.Import(folder.File("graph.onnx"));

        static byte[] Named(int names)
        {
            OnnxFile file = OnnxReader.Read(Small(_ => { }), "names");
            file.Graph.Initializers.Clear();
            for (int i = 0; i < names; i++)
            {
                var tensor = new OnnxTensor { Name = i == 0 ? "w" : $"w{i}", ElementType = 1, External = new Dictionary<string, string> { ["location"] = "w.bin" } };
                tensor.Dimensions.Add(3);
                file.Graph.Initializers.Add(tensor);
            }

            using var stream = new MemoryStream();
            OnnxWriter.Write(file, _ => null).WriteTo(stream);
            return stream.ToArray();
        }
    }

    /// <summary>Numbers whose sums, differences and opposites no type holds.</summary>
    [Fact]
    public void NumbersOfOperatorsHaveBounds()
    {
        const long Most = long.MaxValue, Least = long.MinValue;
        Refused("Split", n => n.Outputs.Add("z"), Attributes.Of("split", [Most, Most]));
        Refused("Split", n => n.Outputs.Add("z"), Attributes.Of("split", [-1, 3]));
        Refused("Pad", _ => { }, Attributes.Of("pads", [Least, 0, 0, 0]));
        Refused("Pad", _ => { }, Attributes.Of("pads", [Most, 0, Most, 0]));
        Refused("Slice", _ => { }, Attributes.Of("starts", [0]), Attributes.Of("ends", [2]), Attributes.Of("axes", [Least]));
        Refused("Unsqueeze", _ => { }, Attributes.Of("axes", [Most]));
        Refused("ReduceSum", _ => { }, Attributes.Of("axes", [Least]));

        static void Refused(string op, Action<OnnxNode> change, params OnnxAttribute[] attributes)
        {
            byte[] file = Small(n =>
            {
                n.Operator = op;
                n.Inputs.RemoveAt(1);
                n.Attributes.AddRange(attributes);
                change(n);
            });
            Assert.Equal(op, Assert.Throws<OnnxOperatorException>(() => Import(file)).Operator);
        }
    }

    /// <summary>A place beyond an axis is none of the next row.</summary>
    [Fact]
    public void PlacesOutsideOfATensorAreRefused()
    {
        foreach (long[] place in (long[][])[[0, 3], [-3, 0], [2, 0]])
        {
            OnnxFile file = OnnxReader.Read(Small(n => (n.Operator, n.Inputs[0], n.Inputs[1]) = ("GatherND", "w2", "places")), "places");
            file.Graph.Initializers.Add(OnnxTensor.Of("w2", TensorData.From(new float[6], [2, 3])));
            file.Graph.Initializers.Add(OnnxTensor.Of("places", TensorData.From(place)));
            Assert.Contains("place", Assert.Throws<OnnxOperatorException>(() => Import(Bytes(file))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void EveryTruncationIsAnErrorOrAGraph()
    {
        byte[] whole = Small(_ => { });
        int refused = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            try
            {
                OnnxModel.Import(whole.AsMemory(0, length));
            }
            catch (AnnealException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, whole.Length * 9 / 10, whole.Length);
        Assert.Throws<ModelFileException>(() => OnnxModel.Import("nowhere.onnx"));
    }

    /// <summary>Each function calls the next twice: a small file, and more nodes than any machine has time for.</summary>
    [Fact]
    public void FunctionsThatGrowWithoutEndAreRefused()
    {
        OnnxFile file = Functions("Add");
        Assert.Contains("nodes", Assert.Throws<ModelFileException>(() => Import(Bytes(file))).Expected, StringComparison.Ordinal);
        file.Functions[("f", "f39")].Nodes[0].Domain = "f";
        file.Functions[("f", "f39")].Nodes[0].Operator = "f0";
        Assert.Throws<ModelFileException>(() => Import(Bytes(file)));
    }

    /// <summary>The same with nodes that are hundreds of operations each, and with some that are computed when the file is read.</summary>
    [Fact]
    public void FunctionsOfLargeNodesAreRefused()
    {
        OnnxFile file = Functions("LRN", Attributes.Of("size", 256));
        file.Graph.Inputs[0].Dimensions = [new(2, ""), new(3, ""), new(2, "")];
        foreach (OnnxFunction function in file.Functions.Values)
            function.Nodes.Where(n => n.Operator == "LRN").ToList().ForEach(n => n.Inputs.RemoveAt(1));
        Assert.Contains("bytes", Refused(file).Expected, StringComparison.Ordinal);

        file = Functions("MatMul");
        file.Graph.Nodes[0].Inputs[0] = "w2";
        file.Graph.Nodes[0].Inputs[1] = "w2";
        file.Graph.Initializers.Add(OnnxTensor.Of("w2", TensorData.From(new float[4096], [64, 64])));
        Refused(file);

        static ModelFileException Refused(OnnxFile file)
        {
            byte[] bytes = Bytes(file);
            long before = GC.GetAllocatedBytesForCurrentThread();
            var error = Assert.Throws<ModelFileException>(() => OnnxModel.Import(bytes, new OnnxImportOptions { IsParameter = _ => false }));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2L << 30);
            return error;
        }
    }

    private static OnnxFile Functions(string last, params OnnxAttribute[] attributes)
    {
        OnnxFile file = OnnxReader.Read(Small(n => (n.Domain, n.Operator) = ("f", "f0")), "functions");
        for (int i = 0; i < 40; i++)
        {
            var function = new OnnxFunction { Domain = "f", Name = $"f{i}" };
            function.Inputs.AddRange(["a", "b"]);
            function.Outputs.Add("d");
            string next = i == 39 ? "" : "f", op = i == 39 ? last : $"f{i + 1}";
            function.Nodes.Add(Node(next, op, ["a", "b"], "c"));
            function.Nodes.Add(Node(next, op, ["c", "b"], "d"));
            if (i == 39)
                function.Nodes.ForEach(n => n.Attributes.AddRange(attributes));
            file.Functions.Add(("f", function.Name), function);
        }

        return file;
    }

    [Fact]
    public void ShapesThatNothingCanHoldAreRefusedBeforeMemoryIsTaken()
    {
        OnnxFile file = OnnxReader.Read(Small(n => n.Operator = "Expand"), "shape");
        file.Graph.Nodes[0].Inputs[1] = "s";
        file.Graph.Initializers.Add(OnnxTensor.Of("s", TensorData.From([1L << 40, 1L << 40])));
        Assert.Throws<OnnxOperatorException>(() => Import(Bytes(file)));
    }

    private static OnnxModel Import(byte[] bytes) => OnnxModel.Import(bytes);

    private static byte[] Bytes(OnnxFile file)
    {
        using var stream = new MemoryStream();
        OnnxWriter.Write(file, t => t.HasValues ? t.Read(file.Name, null) : null).WriteTo(stream);
        return stream.ToArray();
    }

    private static OnnxNode Node(string domain, string op, string[] inputs, string output)
    {
        OnnxNode node = EmitterNames.NodeOf(op, "", inputs, [output]);
        node.Domain = domain;
        return node;
    }

    private static byte[] Small(Action<OnnxNode> change) => Small(_ => { }, change);

    /// <summary>y = x + w for three numbers, with something changed.</summary>
    private static byte[] Small(Action<OnnxTensor> weight, Action<OnnxNode> change, bool withValues = true)
    {
        var file = new OnnxFile { Name = "small", IrVersion = 8 };
        file.Opsets[""] = 17;
        OnnxTensor w = OnnxTensor.Of("w", TensorData.From(new float[] { 1, 2, 3 }));
        weight(w);
        file.Graph.Initializers.Add(w);
        file.Graph.Inputs.Add(new OnnxValueInfo { Name = "x", ElementType = 1, Dimensions = [new(-1, "n"), new(3, "")] });
        file.Graph.Outputs.Add(new OnnxValueInfo { Name = "y", ElementType = 1, Dimensions = [new(-1, "n"), new(3, "")] });
        OnnxNode node = EmitterNames.NodeOf("Add", "the node", ["x", "w"], ["y"]);
        change(node);
        file.Graph.Nodes.Add(node);
        using var stream = new MemoryStream();
        OnnxWriter.Write(file, t => withValues ? t.Data : null).WriteTo(stream);
        return stream.ToArray();
    }
}
