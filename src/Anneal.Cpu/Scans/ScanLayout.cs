using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Where a carry lives between two steps.</summary>
internal enum CarryHome
{
    /// <summary>In two buffers by turns: one is read while the other is written.</summary>
    Buffers,

    /// <summary>In a stacked output that keeps the carry as each step leaves it.</summary>
    StackedAfter,

    /// <summary>In a stacked output that keeps the carry as each step finds it.</summary>
    StackedBefore,
}

/// <summary>
/// Decides where carries live, so that a carry which is stacked anyway is written only once, and which results the body is left to compute.
/// </summary>
internal sealed class ScanLayout
{
    private readonly int[] _homeStacks;
    private readonly List<int> _results = [];

    internal ScanLayout(Scan scan)
    {
        Scan = scan;
        Graph body = scan.Inner;
        Homes = new CarryHome[scan.CarryCount];
        _homeStacks = new int[scan.CarryCount];
        BufferOffsets = new long[scan.CarryCount];
        var filled = new HashSet<int>();
        for (int i = 0; i < scan.CarryCount; i++)
        {
            int before = Array.IndexOf(body.Outputs, body.Inputs[i], scan.CarryCount);
            int after = Array.IndexOf(body.Outputs, body.Outputs[i], scan.CarryCount);
            (Homes[i], _homeStacks[i]) = before >= 0 ? (CarryHome.StackedBefore, before)
                : after >= 0 ? (CarryHome.StackedAfter, after) : (CarryHome.Buffers, -1);
            BufferOffsets[i] = CarryBytes;
            if (Homes[i] == CarryHome.StackedBefore)
                filled.Add(before);
            else if (Homes[i] == CarryHome.Buffers)
                CarryBytes += 2 * Padded(body.Outputs[i].Type.ByteCount);
            if (Homes[i] != CarryHome.StackedAfter)
                _results.Add(i);
        }

        _results.AddRange(Enumerable.Range(scan.CarryCount, scan.StackedCount).Where(i => !filled.Contains(i)));
        Body = new Graph(body.Name, body.Trace, body.Inputs, _results.Select(i => body.Outputs[i]), []);
    }

    internal Scan Scan { get; }

    /// <summary>The body without the results that are there already.</summary>
    internal Graph Body { get; }

    /// <summary>For each output of <see cref="Body"/>, which output of the scan's body it is.</summary>
    internal IReadOnlyList<int> Results => _results;

    internal CarryHome[] Homes { get; }

    /// <summary>For each carry that lives in its own buffers, the first byte of these.</summary>
    internal long[] BufferOffsets { get; }

    /// <summary>The bytes of all buffers of carries.</summary>
    internal long CarryBytes { get; }

    /// <summary>The output of the scan in which a carry lives.</summary>
    internal int HomeStack(int carry) => _homeStacks[carry];

    internal long CarryByteCount(int carry) => Scan.Inner.Inputs[carry].Type.ByteCount;

    internal static long Padded(long bytes) => (bytes + 127) / 64 * 64;
}

/// <summary>Bytes to be copied before the first step or after the last.</summary>
internal readonly unsafe struct ScanCopy(byte* from, byte* to, long byteCount)
{
    internal byte* From => from;

    internal byte* To => to;

    internal long ByteCount => byteCount;
}

/// <summary>The addresses of everything that the steps of a bound scan read and write.</summary>
internal sealed unsafe class ScanPlaces(ScanLayout layout, byte** operands, byte* buffers)
{
    private readonly Scan _scan = layout.Scan;

    private byte** Results => operands + _scan.Inner.Inputs.Length;

    /// <summary>Where a step finds an input of the body.</summary>
    internal byte* Input(int index, long step)
    {
        if (index < _scan.CarryCount)
            return Carry(index, step);
        return index < _scan.CarryCount + _scan.SequenceCount
            ? operands[index] + (_scan.TimeOf(step) * _scan.Inner.Inputs[index].Type.ByteCount)
            : operands[index];
    }

    /// <summary>Where a step leaves an output of the layout's body.</summary>
    internal byte* Output(int index, long step)
    {
        int result = layout.Results[index];
        return result < _scan.CarryCount ? Carry(result, step + 1) : Slot(result, step);
    }

    /// <summary>Carries that live where they are not given.</summary>
    internal List<ScanCopy> Before()
    {
        var copies = new List<ScanCopy>();
        for (int i = 0; i < _scan.CarryCount; i++)
        {
            if (_scan.Length == 0)
                copies.Add(new ScanCopy(operands[i], Results[i], layout.CarryByteCount(i)));
            else if (layout.Homes[i] == CarryHome.StackedBefore)
                copies.Add(new ScanCopy(operands[i], Carry(i, 0), layout.CarryByteCount(i)));
        }

        return copies;
    }

    /// <summary>Carries that do not live where they are wanted.</summary>
    internal List<ScanCopy> After()
    {
        var copies = new List<ScanCopy>();
        for (int i = 0; i < _scan.CarryCount; i++)
        {
            if (_scan.Length > 0 && layout.Homes[i] == CarryHome.StackedAfter)
                copies.Add(new ScanCopy(Carry(i, _scan.Length), Results[i], layout.CarryByteCount(i)));
        }

        return copies;
    }

    /// <summary>The place of a carry as a step finds it; one step beyond the last leaves the result.</summary>
    private byte* Carry(int carry, long step)
    {
        CarryHome home = layout.Homes[carry];
        if (step == 0 && home != CarryHome.StackedBefore)
            return operands[carry];
        if (step == _scan.Length && home != CarryHome.StackedAfter)
            return Results[carry];
        return home switch
        {
            CarryHome.StackedBefore => Slot(layout.HomeStack(carry), step),
            CarryHome.StackedAfter => Slot(layout.HomeStack(carry), step - 1),
            _ => buffers + layout.BufferOffsets[carry] + (step % 2 * ScanLayout.Padded(layout.CarryByteCount(carry))),
        };
    }

    private byte* Slot(int output, long step) => Results[output] + (_scan.TimeOf(step) * _scan.Inner.Outputs[output].Type.ByteCount);
}
