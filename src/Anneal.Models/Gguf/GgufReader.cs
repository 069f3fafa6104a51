using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Anneal.Models;

/// <summary>Reads the header of a GGUF file where it lies in memory, never beyond its end.</summary>
internal sealed unsafe class GgufReader(string file, byte* start, long length)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal long Position { get; private set; }

    internal ReadOnlySpan<byte> Take(long count, string what)
    {
        if (count < 0 || count > length - Position || count > int.MaxValue)
            throw Fail(what, string.Create(CultureInfo.InvariantCulture, $"{length - Position} bytes up to the end of the file, of {(ulong)count} needed"));
        var bytes = new ReadOnlySpan<byte>(start + Position, (int)count);
        Position += count;
        return bytes;
    }

    internal uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint), what));

    internal ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong), what));

    /// <summary>How many things follow, each of which takes at least so many bytes.</summary>
    internal int Count(string what, int leastBytes)
    {
        long at = Position;
        ulong count = UInt64(what);
        if (count > (ulong)(length - Position) / (ulong)leastBytes || count > (ulong)Array.MaxLength)
            throw FailAt(at, what + " that the file has room for", string.Create(CultureInfo.InvariantCulture, $"{count}"));
        return (int)count;
    }

    /// <summary>A text.</summary>
    /// <param name="what">What it is.</param>
    /// <param name="key">The key that it belongs to; null where it is none of the values. Vocabularies are long, so it is quoted in errors alone.</param>
    internal string Text(string what, string? key = null)
    {
        long at = Position;
        ulong bytes = UInt64(what);
        if (bytes > (ulong)(length - Position))
            throw FailAt(at, Expected(), string.Create(CultureInfo.InvariantCulture, $"a text of {bytes} bytes, beyond the end of the file"));
        try
        {
            return Strict.GetString(Take((long)bytes, what));
        }
        catch (DecoderFallbackException)
        {
            throw FailAt(at, Expected() + " in UTF-8", "other bytes");
        }

        string Expected() => key is null ? what : $"{what} {ModelFileException.Quote(key)}";
    }

    internal GgufValue Value(string key)
    {
        long at = Position;
        uint number = UInt32("the kind of a value");
        if (number > (uint)GgufValueKind.Float64)
            throw FailAt(at, "the kind of a value, from 0 to 12", string.Create(CultureInfo.InvariantCulture, $"{number} for {ModelFileException.Quote(key)}"));
        var kind = (GgufValueKind)number;
        return kind == GgufValueKind.Array ? Elements(key) : GgufValue.Of(kind, Scalar(kind, key));
    }

    internal ModelFileException Fail(string expected, string found) => FailAt(Position, expected, found);

    internal ModelFileException FailAt(long position, string expected, string found) =>
        new(file, string.Create(CultureInfo.InvariantCulture, $"byte {position}"), expected, found);

    private object Scalar(GgufValueKind kind, string key)
    {
        long at = Position;
        switch (kind)
        {
            case GgufValueKind.UInt8: return (long)Take(1, key)[0];
            case GgufValueKind.Int8: return (long)(sbyte)Take(1, key)[0];
            case GgufValueKind.UInt16: return (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2, key));
            case GgufValueKind.Int16: return (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2, key));
            case GgufValueKind.UInt32: return (long)UInt32(key);
            case GgufValueKind.Int32: return (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4, key));
            case GgufValueKind.Int64: return BinaryPrimitives.ReadInt64LittleEndian(Take(8, key));
            case GgufValueKind.UInt64:
                ulong large = UInt64(key);
                return large <= long.MaxValue ? (long)large : throw TooLarge(at, key, large);
            case GgufValueKind.Float32: return Widened(BinaryPrimitives.ReadSingleLittleEndian(Take(4, key)));
            case GgufValueKind.Float64: return BinaryPrimitives.ReadDoubleLittleEndian(Take(8, key));
            case GgufValueKind.Boolean:
                byte truth = Take(1, key)[0];
                return truth <= 1 ? truth == 1 : throw FailAt(at, $"0 or 1 for {ModelFileException.Quote(key)}", string.Create(CultureInfo.InvariantCulture, $"{truth}"));
            default: return Text("the value of", key);
        }
    }

    /// <summary>The number in double precision that is meant: 1e-6 instead of what single precision has beside it.</summary>
    private static double Widened(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private GgufValue Elements(string key)
    {
        long at = Position;
        uint number = UInt32("the kind of a list's values");
        if (number is > (uint)GgufValueKind.Float64 or (uint)GgufValueKind.Array)
            throw FailAt(at, $"a kind of values from 0 to 12 other than lists for the list {ModelFileException.Quote(key)}", string.Create(CultureInfo.InvariantCulture, $"{number}"));
        var kind = (GgufValueKind)number;
        int count = Count($"as many values of {ModelFileException.Quote(key)}", BytesOf(kind));
        switch (kind)
        {
            case GgufValueKind.Text:
                var texts = new string[count];
                for (int i = 0; i < count; i++)
                    texts[i] = Text("the value of", key);
                return GgufValue.OfArray(kind, texts);
            case GgufValueKind.Boolean:
                var truths = new bool[count];
                for (int i = 0; i < count; i++)
                    truths[i] = (bool)Scalar(kind, key);
                return GgufValue.OfArray(kind, truths);
            case GgufValueKind.Float32 or GgufValueKind.Float64:
                var numbers = new double[count];
                for (int i = 0; i < count; i++)
                    numbers[i] = kind == GgufValueKind.Float32 ? BinaryPrimitives.ReadSingleLittleEndian(Take(4, key)) : BinaryPrimitives.ReadDoubleLittleEndian(Take(8, key));
                return GgufValue.OfArray(kind, numbers);
            default: return GgufValue.OfArray(kind, Wholes(kind, count, key));
        }
    }

    /// <summary>Whole numbers side by side.</summary>
    private long[] Wholes(GgufValueKind kind, int count, string key)
    {
        int size = BytesOf(kind);
        long at = Position;
        ReadOnlySpan<byte> bytes = Take((long)count * size, key);
        var values = new long[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> value = bytes[(i * size)..];
            values[i] = kind switch
            {
                GgufValueKind.UInt8 => value[0],
                GgufValueKind.Int8 => (sbyte)value[0],
                GgufValueKind.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(value),
                GgufValueKind.Int16 => BinaryPrimitives.ReadInt16LittleEndian(value),
                GgufValueKind.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(value),
                GgufValueKind.Int32 => BinaryPrimitives.ReadInt32LittleEndian(value),
                _ => BinaryPrimitives.ReadInt64LittleEndian(value),
            };
            if (kind == GgufValueKind.UInt64 && values[i] < 0)
                throw TooLarge(at + (long)i * size, key, (ulong)values[i]);
        }

        return values;
    }

    private ModelFileException TooLarge(long at, string key, ulong found) =>
        FailAt(at, $"a number below 2^63 for {ModelFileException.Quote(key)}", string.Create(CultureInfo.InvariantCulture, $"{found}"));

    /// <summary>The least bytes of a value.</summary>
    private static int BytesOf(GgufValueKind kind) => kind switch
    {
        GgufValueKind.UInt8 or GgufValueKind.Int8 or GgufValueKind.Boolean => 1,
        GgufValueKind.UInt16 or GgufValueKind.Int16 => 2,
        GgufValueKind.UInt32 or GgufValueKind.Int32 or GgufValueKind.Float32 => 4,
        _ => 8,
    };
}
