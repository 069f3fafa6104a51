using System.Buffers.Binary;
using System.Text;
using Anneal.Saving;
using Anneal.Testing;
using CsCheck;

namespace Anneal.Tests.Saving;

public sealed class SafetensorsTests
{
    private const string File = "model.safetensors";

    private static byte[] Bytes(string header, int values, ulong? length = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + values];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length ?? (ulong)json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }

    private static SafetensorsFile Read(byte[] bytes) => Safetensors.Read(new MemoryStream(bytes), File);

    private static byte[] Write(IEnumerable<(string, TensorData)> tensors, IEnumerable<KeyValuePair<string, string>>? metadata = null)
    {
        var stream = new MemoryStream();
        Safetensors.Write(stream, File, tensors, metadata);
        return stream.ToArray();
    }

    private static TensorData Filled(DType dtype, Shape shape)
    {
        var data = new TensorData(dtype, shape);
        for (long i = 0; i < shape.ElementCount; i++)
            data.SetDouble(i, dtype == DType.Bool ? i % 2 : i % 100 + 1);
        return data;
    }

    [Fact]
    public void EveryTypeShapeAndNameComesBack()
    {
        Shape[] shapes = [Shape.Scalar, 0, 1, 5, [2, 3], [3, 0, 2], [1, 2, 3, 4]];
        (string Name, TensorData Data)[] tensors =
            [.. from type in Enum.GetValues<DType>() from shape in shapes select ($"层/{type}.\"{shape}\"\\\u0001", Filled(type, shape))];
        KeyValuePair<string, string>[] metadata = [new("format", "pt"), new("", ""), new("é\n", "\U0001F600")];
        SafetensorsFile file = Read(Write(tensors, metadata));
        Assert.Equal(metadata, file.Metadata);
        Assert.Equal(tensors.Select(t => t.Name), file.Tensors.Keys);
        Assert.All(tensors, t =>
        {
            Assert.Equal(t.Data.Type, file.Tensors[t.Name].Type);
            Assert.Equal(t.Data.AsBytes(), file.Tensors[t.Name].AsBytes());
        });
    }

    [Fact]
    public void ATensorFileReadsWhatItSaved()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "x.safetensors");
        (string Name, TensorData Data)[] tensors = [.. Enum.GetValues<DType>().Select(d => (d.ToString(), Filled(d, [3, 400]))), ("large", Filled(DType.Float32, [300, 1000])), ("empty", new(DType.Int32, [0]))];
        TensorFile.Save(path, tensors, [new("format", "pt")]);
        using TensorFile file = TensorFile.Open(path);
        Assert.Equal(tensors.Select(t => t.Name), file.Names);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.All(tensors, t =>
        {
            Assert.Equal(t.Data.Type, file.TypeOf(t.Name));
            Assert.Equal(t.Data.AsBytes(), file.Read(t.Name).AsBytes());
        });
        Assert.Contains("nothing", Assert.Throws<ModelFileException>(() => file.Read("nothing")).Message, StringComparison.Ordinal);
        Assert.Throws<ModelFileException>(() => TensorFile.Open(path + "x"));
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Read("large"));
    }

    [Fact]
    public void ATensorFileRefusesTruthValuesThatAreNeither()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "x.safetensors");
        byte[] bytes = Bytes("{\"b\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2);
        bytes[^1] = 2;
        System.IO.File.WriteAllBytes(path, bytes);
        using TensorFile file = TensorFile.Open(path);
        Assert.Contains("truth values", Assert.Throws<ModelFileException>(() => file.Read("b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEmptyFileOfTensorsComesBack()
    {
        Assert.Empty(Read(Write([])).Tensors);
        Assert.Empty(Read(Write([], [])).Metadata);
        Assert.Empty(Read(Bytes("{}   \n", 0)).Tensors);
    }

    [Fact]
    public void ValuesLieAtMultiplesOfTheirSize()
    {
        byte[] bytes = Write([("a", Filled(DType.UInt8, 3)), ("b", Filled(DType.Float64, 2)), ("c", Filled(DType.Float16, 1)), ("d", Filled(DType.Float32, 1))]);
        ulong header = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Assert.Equal(0UL, header % 8);
        SafetensorsHeader parsed = SafetensorsHeader.Parse(bytes.AsSpan(8, (int)header), bytes.Length - 8 - (int)header, File);
        Assert.All(parsed.Entries, e => Assert.Equal(0, e.Begin % e.Type.DType.Size()));
    }

    [Fact]
    public void RandomFilesComeBack() =>
        Gen.Select(Gen.Enum<DType>(), Gen.Int[0, 4].Array[0, 3]).Array[0, 6].Sample(types =>
        {
            (string Name, TensorData Data)[] tensors = [.. types.Select((t, i) => ($"t{i}", Filled(t.Item1, new Shape([.. t.Item2.Select(e => (long)e)]))))];
            SafetensorsFile file = Read(Write(tensors));
            Assert.Equal(tensors.Select(t => t.Data.Type), file.Tensors.Values.Select(t => t.Type));
            Assert.All(tensors, t => Assert.Equal(t.Data.AsBytes(), file.Tensors[t.Name].AsBytes()));
        }, iter: 500);

    [Fact]
    public void FilesOfTheFormatsOwnLibraryCanBeRead()
    {
        string folder = Path.Combine(Repository.Root, "tests", "golden", "ops");
        string[] paths = Directory.GetFiles(folder, "*.safetensors");
        Assert.NotEmpty(paths);
        foreach (string path in paths)
        {
            SafetensorsFile file = Safetensors.Read(path);
            Assert.NotEmpty(file.Tensors);
            byte[] again = Write(file.Tensors.Select(t => (t.Key, t.Value)), file.Metadata);
            Assert.Equal(file.Tensors.Select(t => (t.Key, t.Value.Type)), Read(again).Tensors.Select(t => (t.Key, t.Value.Type)));
        }
    }

    [Fact]
    public void AFileAppearsWhenItIsWhole()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.safetensors");
        Safetensors.Write(path, [("x", Filled(DType.Float32, 3))]);
        Safetensors.Write(path, [("y", Filled(DType.Float32, 4))]);
        Assert.Equal(["y"], Safetensors.Read(path).Tensors.Keys);
        Assert.Equal([path], Directory.GetFiles(folder.Path));
        Assert.Throws<ModelFileException>(() => Safetensors.Read(folder.File("b.safetensors")));
    }

    public static TheoryData<string, string, int> BadHeaders => new()
    {
        { "begins with {", "", 0 },
        { "begins with {", " {}", 0 },
        { "begins with {", "[]", 0 },
        { "not JSON", "{", 0 },
        { "not JSON", "{}x", 0 },
        { "not JSON", "{,}", 0 },
        { "not JSON", "{/**/}", 0 },
        { "empty name", "{\"\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1 },
        { "'a' again", "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0 },
        { "'a' again", "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"\\u0061\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0 },
        { "__metadata__' again", "{\"__metadata__\":{},\"__metadata__\":{}}", 0 },
        { "'k' again", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"1\"}}", 0 },
        { "a JSON Number", "{\"__metadata__\":{\"k\":1}}", 0 },
        { "a JSON Null", "{\"__metadata__\":null}", 0 },
        { "a JSON Number", "{\"a\":1}", 0 },
        { "'F8_E4M3'", "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1 },
        { "'u8'", "{\"a\":{\"dtype\":\"u8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1 },
        { "'extra'", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"extra\":1}}", 1 },
        { "'dtype'", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1 },
        { "missing", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1 },
        { "missing", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1 },
        { "missing", "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1 },
        { "missing", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1 },
        { "too many", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1 },
        { "too many", "{\"a\":{\"dtype\":\"U8\",\"shape\":[" + string.Join(',', Enumerable.Repeat("1", 65)) + "],\"data_offsets\":[0,1]}}", 1 },
        { "whole one", "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1 },
        { "whole one", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1 },
        { "whole one", "{\"a\":{\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,1]}}", 1 },
        { "larger one", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0 },
        { "larger one", "{\"a\":{\"dtype\":\"F64\",\"shape\":[9223372036854775807],\"data_offsets\":[0,0]}}", 0 },
        { "larger one", "{\"a\":{\"dtype\":\"U8\",\"shape\":[0,4294967296,4294967296],\"data_offsets\":[0,0]}}", 0 },
        { "1 to 0", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1 },
        { "span the 8 bytes of float32[2]", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4 },
        { "begin at 0", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2 },
        { "begin at 1", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}", 3 },
        { "begin at 2", "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3 },
        { "end within the 1", "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 1 },
        { "expected 1 bytes", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2 },
        { "expected 0 bytes", "{}", 1 },
        { "not Unicode", "{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0 },
    };

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public void ABadHeaderIsRefused(string part, string header, int values)
    {
        ModelFileException error = Assert.Throws<ModelFileException>(() => Read(Bytes(header, values)));
        Assert.Contains(part, error.Message);
        Assert.StartsWith(File, error.Message);
        Assert.Equal(File, error.File);
    }

    [Theory]
    [InlineData(3UL)]
    [InlineData(100_000_001UL)]
    [InlineData((ulong)long.MaxValue)]
    [InlineData(ulong.MaxValue)]
    public void AHeaderLongerThanTheFileIsRefused(ulong length) => Assert.Contains("byte 0", Assert.Throws<ModelFileException>(() => Read(Bytes("{}", 0, length))).Message);

    [Fact]
    public void BytesThatAreNotUtf8AreRefused()
    {
        byte[] bytes = Bytes("{\"aa\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0);
        (bytes[10], bytes[11]) = (0xC3, 0x28);
        Assert.Contains("UTF-8", Assert.Throws<ModelFileException>(() => Read(bytes)).Message);
    }

    [Fact]
    public void ATruthValueIsZeroOrOne()
    {
        byte[] bytes = Bytes("{\"a\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2);
        bytes[^1] = 2;
        Assert.Contains("found 2", Assert.Throws<ModelFileException>(() => Read(bytes)).Message);
    }

    [Fact]
    public void BadNamesAreNotWritten()
    {
        TensorData x = Filled(DType.Float32, 1);
        Assert.Throws<ModelFileException>(() => Write([("", x)]));
        Assert.Throws<ModelFileException>(() => Write([("__metadata__", x)]));
        Assert.Throws<ModelFileException>(() => Write([("\ud800", x)]));
        Assert.Throws<ModelFileException>(() => Write([("a", x), ("a", x)]));
        Assert.Throws<ModelFileException>(() => Write([], [new("a", "1"), new("a", "2")]));
        Assert.Throws<ModelFileException>(() => Write([], [new("a", "\udc00")]));
    }

    [Fact]
    public void AFileCutOffAnywhereIsRefused()
    {
        byte[] whole = Write([("a", Filled(DType.Float32, [2, 3])), ("b", Filled(DType.Bool, 5))], [new("k", "v")]);
        for (int length = 0; length < whole.Length; length++)
            Assert.Throws<ModelFileException>(() => Read(whole[..length]));
        Assert.Throws<ModelFileException>(() => Read([.. whole, 0]));
    }
}
