using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Anneal.Saving;

/// <summary>Reads a message in the wire format of protocol buffers, field by field, within its bounds.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> bytes, string file, int start = 0)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at, _field;

    /// <summary>How a field's value is written.</summary>
    internal enum Wire
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    /// <summary>Where the value of the present field begins or ended, for messages.</summary>
    internal readonly int Position => start + _at;

    /// <summary>Goes to the next field.</summary>
    internal bool TryNext(out int field, out Wire wire)
    {
        (field, wire) = (0, default);
        if (_at == _bytes.Length)
            return false;
        ulong tag = Varint();
        wire = (Wire)(tag & 7);
        if (tag >> 3 is 0 or > (1 << 29) - 1 || wire is not (Wire.Varint or Wire.Fixed64 or Wire.Bytes or Wire.Fixed32))
            throw Fail("the tag of a field", $"{tag}");
        _field = field = (int)(tag >> 3);
        return true;
    }

    /// <summary>Passes over the value of a field that is not needed.</summary>
    internal void Skip(Wire wire)
    {
        if (wire == Wire.Varint)
            Varint();
        else if (wire == Wire.Bytes)
            Length();
        else
            Take(wire == Wire.Fixed32 ? 4 : 8);
    }

    internal int Natural(Wire wire)
    {
        Require(wire, Wire.Varint);
        ulong value = Varint();
        return value <= int.MaxValue ? (int)value : throw Fail("a whole number from 0 to 2^31 - 1", $"{value}");
    }

    /// <summary>A whole number that may be negative, -1 where it is.</summary>
    internal int NaturalOrNone(Wire wire)
    {
        Require(wire, Wire.Varint);
        ulong value = Varint();
        return value <= int.MaxValue ? (int)value : (long)value < 0 ? -1 : throw Fail("a whole number below 2^31", $"{value}");
    }

    internal bool Boolean(Wire wire)
    {
        Require(wire, Wire.Varint);
        return Varint() switch
        {
            0 => false,
            1 => true,
            var other => throw Fail("0 or 1", $"{other}"),
        };
    }

    internal float Single(Wire wire)
    {
        Require(wire, Wire.Fixed32);
        float value = BinaryPrimitives.ReadSingleLittleEndian(Take(sizeof(float)));
        return float.IsFinite(value) ? value : throw Fail("a finite number", $"{value}");
    }

    /// <summary>A whole number of 64 bits with its sign.</summary>
    internal long Integer(Wire wire)
    {
        Require(wire, Wire.Varint);
        return (long)Varint();
    }

    /// <summary>A number of single precision, whatever it is.</summary>
    internal float AnySingle(Wire wire)
    {
        Require(wire, Wire.Fixed32);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(sizeof(float)));
    }

    /// <summary>A number of double precision, whatever it is.</summary>
    internal double AnyDouble(Wire wire)
    {
        Require(wire, Wire.Fixed64);
        return BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));
    }

    /// <summary>Adds one whole number of a repeated field, or all of them where they are packed into one value.</summary>
    internal void Integers(Wire wire, List<long> values)
    {
        if (wire == Wire.Varint)
        {
            values.Add((long)Varint());
            return;
        }

        ProtobufReader packed = Message(wire);
        while (packed._at < packed._bytes.Length)
            values.Add((long)packed.Varint());
    }

    /// <summary>Adds one number of single precision of a repeated field, or all of them where they are packed into one value.</summary>
    internal void Singles(Wire wire, List<double> values)
    {
        if (wire == Wire.Fixed32)
        {
            values.Add(BinaryPrimitives.ReadSingleLittleEndian(Take(sizeof(float))));
            return;
        }

        ProtobufReader packed = Message(wire);
        while (packed._at < packed._bytes.Length)
            values.Add(BinaryPrimitives.ReadSingleLittleEndian(packed.Take(sizeof(float))));
    }

    /// <summary>Adds one number of double precision of a repeated field, or all of them where they are packed into one value.</summary>
    internal void Doubles(Wire wire, List<double> values)
    {
        if (wire == Wire.Fixed64)
        {
            values.Add(BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double))));
            return;
        }

        ProtobufReader packed = Message(wire);
        while (packed._at < packed._bytes.Length)
            values.Add(BinaryPrimitives.ReadDoubleLittleEndian(packed.Take(sizeof(double))));
    }

    internal byte[] Bytes(Wire wire) => Span(wire).ToArray();

    /// <summary>The bytes of a field, where they lie; <see cref="Position"/> is their end then.</summary>
    internal ReadOnlySpan<byte> Span(Wire wire)
    {
        Require(wire, Wire.Bytes);
        return Length();
    }

    internal string Text(Wire wire)
    {
        Require(wire, Wire.Bytes);
        ReadOnlySpan<byte> utf8 = Length();
        return Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : throw Fail("text in UTF-8", "bytes that are not");
    }

    /// <summary>A message within this one.</summary>
    internal ProtobufReader Message(Wire wire)
    {
        Require(wire, Wire.Bytes);
        ReadOnlySpan<byte> message = Length();
        return new ProtobufReader(message, file, start + _at - message.Length);
    }

    internal readonly ModelFileException Fail(string expected, string found) => new(file, At(Position), expected, found);

    private static string At(int position) => string.Create(CultureInfo.InvariantCulture, $"byte {position}");

    private readonly void Require(Wire wire, Wire expected)
    {
        if (wire != expected)
            throw Fail($"field {_field} as {expected}", $"{wire}");
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            if (_at == _bytes.Length)
                throw Fail("a number", "the end of the message");
            byte part = _bytes[_at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }

        throw Fail("a number of at most 10 bytes", "a longer one");
    }

    private ReadOnlySpan<byte> Length()
    {
        ulong length = Varint();
        return length <= (ulong)(_bytes.Length - _at) ? Take((int)length) : throw Fail($"{length} bytes", $"{_bytes.Length - _at}");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _at)
            throw Fail($"{count} bytes", $"{_bytes.Length - _at}");
        ReadOnlySpan<byte> taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }
}
