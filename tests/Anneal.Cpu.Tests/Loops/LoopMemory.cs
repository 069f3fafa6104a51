using System.Runtime.InteropServices;
using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>
/// The memory of a loop's operands: each of exactly the size that it reaches, between guards that nobody may overwrite. The guard
/// behind is as long as the padding of the device's buffers.
/// </summary>
internal sealed unsafe class LoopMemory : IDisposable
{
    private const int Guard = 64;
    private const byte GuardByte = 0xA5;

    private readonly Block[] _blocks;

    internal LoopMemory(Loop loop)
    {
        Loop = loop;
        LoopOperand[] operands = [.. loop.Inputs, .. loop.Outputs.Select(o => o.Operand)];
        _blocks = [.. operands.Select(o => Allocate(Extent(loop.Dims, o) * o.DType.Size()))];
        Pointers = (byte**)NativeMemory.Alloc((nuint)(operands.Length + 1) * (nuint)sizeof(byte*));
        for (int i = 0; i < operands.Length; i++)
            Pointers[i] = _blocks[i].Data;
    }

    internal Loop Loop { get; }

    internal byte** Pointers { get; }

    internal byte* Input(int index) => Pointers[index];

    internal byte* Output(int index) => Pointers[Loop.Inputs.Length + index];

    internal long OutputBytes(int index) => _blocks[Loop.Inputs.Length + index].Bytes;

    internal Span<byte> OutputSpan(int index) => new(_blocks[Loop.Inputs.Length + index].Data, (int)OutputBytes(index));

    internal Span<byte> InputSpan(int index) => new(_blocks[index].Data, (int)_blocks[index].Bytes);

    /// <summary>Makes an output live in the memory of an input.</summary>
    internal void Alias(int output, int input) => Pointers[Loop.Inputs.Length + output] = Pointers[input];

    internal void Fill(Random random, Func<Random, double> draw)
    {
        for (int i = 0; i < Loop.Inputs.Length; i++)
        {
            DType type = Loop.Inputs[i].DType;
            for (long e = 0; e < _blocks[i].Bytes / type.Size(); e++)
                Element.Write(type, _blocks[i].Data, e, type == DType.Bool ? random.Next(2) : draw(random));
        }

        for (int i = 0; i < Loop.Outputs.Length; i++)
            OutputSpan(i).Fill(0xEE);
    }

    internal void AssertGuards(string what)
    {
        foreach (Block block in _blocks)
        {
            for (int i = 0; i < Guard; i++)
            {
                bool isWhole = block.Data[-1 - i] == GuardByte && block.Data[block.Bytes + i] == GuardByte;
                Assert.True(isWhole, $"{what}: written outside of a buffer.");
            }
        }
    }

    public void Dispose()
    {
        foreach (Block block in _blocks)
            NativeMemory.AlignedFree(block.Data - Guard);
        NativeMemory.Free(Pointers);
    }

    private static long Extent(long[] dims, LoopOperand operand)
    {
        long last = operand.Offset;
        for (int d = 0; d < dims.Length; d++)
        {
            if (dims[d] == 0 && operand.Strides[d] != 0)
                return 0;
            last += Math.Max(0, operand.Strides[d]) * Math.Max(0, dims[d] - 1);
        }

        return last + 1;
    }

    private static Block Allocate(long bytes)
    {
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)(bytes + (2 * Guard)), 64);
        NativeMemory.Fill(memory, (nuint)(bytes + (2 * Guard)), GuardByte);
        return new Block(memory + Guard, bytes);
    }

    private readonly struct Block(byte* data, long bytes)
    {
        internal byte* Data { get; } = data;

        internal long Bytes { get; } = bytes;
    }
}

/// <summary>Reads and writes single elements, as the tests understand the data types.</summary>
internal static unsafe class Element
{
    internal static double Read(DType type, byte* memory, long index) => type switch
    {
        DType.Float32 => ((float*)memory)[index],
        DType.Float64 => ((double*)memory)[index],
        DType.Float16 => (double)((Half*)memory)[index],
        DType.BFloat16 => BitConverter.Int32BitsToSingle(((ushort*)memory)[index] << 16),
        DType.UInt8 => memory[index],
        DType.Int8 => ((sbyte*)memory)[index],
        DType.Int32 => ((int*)memory)[index],
        DType.Int64 => ((long*)memory)[index],
        _ => memory[index] != 0 ? 1 : 0,
    };

    internal static void Write(DType type, byte* memory, long index, double value)
    {
        switch (type)
        {
            case DType.Float32: ((float*)memory)[index] = (float)value; break;
            case DType.Float64: ((double*)memory)[index] = value; break;
            case DType.Float16: ((Half*)memory)[index] = (Half)value; break;
            case DType.BFloat16: ((ushort*)memory)[index] = TensorData.ToBFloat16((float)value); break;
            case DType.UInt8: memory[index] = unchecked((byte)(long)value); break;
            case DType.Int8: ((sbyte*)memory)[index] = unchecked((sbyte)(long)value); break;
            case DType.Int32: ((int*)memory)[index] = unchecked((int)(long)value); break;
            case DType.Int64: ((long*)memory)[index] = (long)value; break;
            default: memory[index] = value != 0 ? (byte)1 : (byte)0; break;
        }
    }

    /// <summary>The whole number of a type towards zero, or the type's nearest end.</summary>
    internal static double Saturate(DType type, double value) => double.IsNaN(value) ? 0 : type switch
    {
        DType.UInt8 => Math.Clamp(Math.Truncate(value), byte.MinValue, byte.MaxValue),
        DType.Int8 => Math.Clamp(Math.Truncate(value), sbyte.MinValue, sbyte.MaxValue),
        DType.Int32 => Math.Clamp(Math.Truncate(value), int.MinValue, int.MaxValue),
        _ => Math.Truncate(value),
    };

    /// <summary>What a value becomes when it is stored and read again; whole numbers wrap.</summary>
    internal static double Round(DType type, double value)
    {
        long memory = 0;
        Write(type, (byte*)&memory, 0, value);
        return Read(type, (byte*)&memory, 0);
    }
}
