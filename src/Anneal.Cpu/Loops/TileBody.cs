using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>
/// Interprets a body tile by tile: each step runs a prepared kernel over a thousand points that stay in the first-level cache. Short
/// rows are packed, several to a tile. Contiguous operands of 32 bits are read, and where possible written, in place.
/// </summary>
internal sealed unsafe class TileBody<TVec> : LoopBody
    where TVec : unmanaged, ISimd<TVec>
{
    private const int TilePoints = 1024;
    private const int LongestPackedRow = TilePoints / 2;
    private const int UniformBytes = 64;
    private const int SlotBytes = (TilePoints + 80) * sizeof(float);

    private readonly VectorStep[] _steps;
    private readonly VectorStore[] _stores;
    private readonly int _operandCount;
    private readonly bool _isPacked;
    private readonly Rate[] _rates;
    private readonly Place[] _places;
    private readonly nint[] _functions;
    private readonly long _uniformBytes;

    /// <param name="body">The body.</param>
    /// <param name="set">The instruction set of <typeparamref name="TVec"/>.</param>
    /// <param name="rows">The number of rows of a usual call.</param>
    /// <param name="columns">The number of columns of a usual call.</param>
    internal TileBody(VectorBody body, InstructionSet set, long rows, long columns)
    {
        body = TilePairs.Join(body);
        _steps = body.Steps;
        _stores = body.Stores;
        _operandCount = body.OperandCount;
        _isPacked = rows > 1 && columns <= LongestPackedRow;
        _rates = [.. _steps.Select(s => _isPacked && s.Rate == Rate.Row ? Rate.Point : s.Rate)];
        _functions = [.. _steps.Select(s => s.Kernel is null ? 0 : (nint)s.Kernel.Tile(set))];
        _places = new Place[_steps.Length];
        _uniformBytes = _rates.Count(r => r != Rate.Point) * UniformBytes;
        ScratchBytes = _uniformBytes + (AssignPlaces() * SlotBytes);
    }

    /// <summary>Where a register lives: in the memory of an operand where one is named and its rows are dense, else in scratch.</summary>
    private readonly record struct Place(int Operand, long Offset);

    internal override long ScratchBytes { get; }

    internal override void Run(byte** operands, long* rowStrides, long rows, long columns, byte* scratch)
    {
        byte** pointers = stackalloc byte*[_operandCount];
        float** registers = stackalloc float*[_steps.Length];
        new ReadOnlySpan<nint>(operands, _operandCount).CopyTo(new Span<nint>(pointers, _operandCount));
        for (int i = 0; i < _steps.Length; i++)
            registers[i] = (float*)(scratch + _places[i].Offset);
        RunUniform(Rate.Call, pointers, registers);
        bool isShort = _isPacked && columns <= LongestPackedRow;
        long rowsOfTile = isShort ? TilePoints / Math.Max(columns, 1) : 1;
        for (long row = 0; row < rows; row += rowsOfTile)
        {
            long count = Math.Min(rowsOfTile, rows - row);
            RunUniform(Rate.Row, pointers, registers);
            if (isShort)
                RunTile(pointers, rowStrides, 0, count, columns, registers);
            else
                RunRow(pointers, rowStrides, columns, registers);
            for (int i = 0; i < _operandCount; i++)
                pointers[i] += rowStrides[i] * count;
        }
    }

    private void RunRow(byte** pointers, long* rowStrides, long columns, float** registers)
    {
        for (long column = 0; column < columns; column += TilePoints)
            RunTile(pointers, rowStrides, column, 1, Math.Min(TilePoints, columns - column), registers);
    }

    /// <summary>Computes the registers that are the same at all points of the call, or of the row, into one vector each.</summary>
    private void RunUniform(Rate rate, byte** pointers, float** registers)
    {
        TileCall call;
        for (int i = 0; i < _steps.Length; i++)
        {
            if (_rates[i] != rate)
                continue;
            VectorStep step = _steps[i];
            if (step.Kind == LoopInstructionKind.Constant)
                TVec.Store(registers[i], TVec.BroadcastBits(step.Bits));
            else if (step.Kind == LoopInstructionKind.Load)
                TVec.Store(registers[i], TileMemory<TVec>.RepeatVector(step.Lane, pointers[step.Operand]));
            else
                Apply(i, registers, &call, TVec.Count);
        }
    }

    private void RunTile(byte** pointers, long* rowStrides, long column, long rows, long columns, float** registers)
    {
        TileCall call;
        for (int i = 0; i < _steps.Length; i++)
        {
            if (_rates[i] != Rate.Point)
                continue;
            VectorStep step = _steps[i];
            bool isDirect = IsDirect(i, rowStrides, rows, columns);
            if (isDirect)
                registers[i] = (float*)pointers[_places[i].Operand] + column;
            if (step.Kind == LoopInstructionKind.Apply)
            {
                Apply(i, registers, &call, (nint)(rows * columns));
                continue;
            }

            if (isDirect)
                continue;
            byte* source = pointers[step.Operand];
            if (step.Rate == Rate.Point)
                source += column * step.Lane.SizeInMemory();
            if (step.Rate == Rate.Point)
                TileMemory<TVec>.Load(step.Lane, source, rowStrides[step.Operand], rows, columns, registers[i]);
            else
                TileMemory<TVec>.Repeat(step.Lane, source, rowStrides[step.Operand], rows, columns, registers[i]);
        }

        foreach (VectorStore store in _stores)
        {
            int register = store.Register;
            if (_places[register].Operand == store.Operand && IsDirect(register, rowStrides, rows, columns))
                continue;
            Lane lane = _steps[register].Lane;
            byte* target = pointers[store.Operand] + (column * lane.SizeInMemory());
            TileMemory<TVec>.Store(lane, registers[register], StepOf(register), target, rowStrides[store.Operand], rows, columns);
        }
    }

    /// <summary>Whether a register lives in the memory of an operand now: the rows of the tile must follow each other there.</summary>
    private bool IsDirect(int register, long* rowStrides, long rows, long columns)
    {
        int operand = _places[register].Operand;
        return operand >= 0 && (rows == 1 || rowStrides[operand] == columns * sizeof(float));
    }

    private void Apply(int index, float** registers, TileCall* call, nint count)
    {
        int[] arguments = _steps[index].Arguments;
        call->Target = registers[index];
        call->Count = count;
        call->A = registers[arguments[0]];
        call->StepA = StepOf(arguments[0]);
        if (arguments.Length > 1)
        {
            call->B = registers[arguments[1]];
            call->StepB = StepOf(arguments[1]);
        }

        if (arguments.Length > 2)
        {
            call->C = registers[arguments[2]];
            call->StepC = StepOf(arguments[2]);
        }

        ((delegate*<TileCall*, void>)_functions[index])(call);
    }

    private nint StepOf(int register) => _rates[register] == Rate.Point ? TVec.Count : 0;

    /// <summary>Gives every register a place and returns how many slots of a tile are needed.</summary>
    private int AssignPlaces()
    {
        int[] lastUse = FindLastUses();
        int uniforms = 0, slots = 0, lastDirectRead = -1;
        var free = new Stack<int>();
        var slotOf = new int[_steps.Length];
        for (int i = 0; i < _steps.Length; i++)
        {
            slotOf[i] = -1;
            if (_steps[i].Kind == LoopInstructionKind.Load && _rates[i] == Rate.Point)
                lastDirectRead = Math.Max(lastDirectRead, IsDirectLoad(i) ? lastUse[i] : i);
        }

        for (int i = 0; i < _steps.Length; i++)
        {
            // A slot whose last reader is this step may also be its target: kernels read a vector before they write it.
            foreach (int argument in _steps[i].Arguments.Distinct())
            {
                if (lastUse[argument] == i && slotOf[argument] >= 0)
                    free.Push(slotOf[argument]);
            }

            if (_rates[i] != Rate.Point)
            {
                _places[i] = new Place(-1, UniformBytes * uniforms++);
                continue;
            }

            slotOf[i] = free.TryPop(out int slot) ? slot : slots++;
            int operand = IsDirectLoad(i) ? _steps[i].Operand : DirectStore(i, lastDirectRead);
            _places[i] = new Place(operand, _uniformBytes + ((long)slotOf[i] * SlotBytes));
        }

        return slots;
    }

    /// <summary>The last step that reads each register; the number of steps where a store does.</summary>
    private int[] FindLastUses()
    {
        var lastUse = new int[_steps.Length];
        for (int i = 0; i < _steps.Length; i++)
        {
            foreach (int argument in _steps[i].Arguments)
                lastUse[argument] = i;
        }

        foreach (VectorStore store in _stores)
            lastUse[store.Register] = _steps.Length;
        return lastUse;
    }

    private bool IsDirectLoad(int register)
    {
        VectorStep step = _steps[register];
        // A loaded register that is also stored is copied first if other stores could overwrite its memory before.
        return step.Kind == LoopInstructionKind.Load && step.Rate == Rate.Point && step.Lane.SizeInMemory() == sizeof(float)
            && (_stores.Length == 1 || !_stores.Any(s => s.Register == register));
    }

    /// <summary>The output that a step may write in place, or -1: only where no input, whose memory it may be, is read later.</summary>
    private int DirectStore(int register, int lastDirectRead)
    {
        if (_steps[register].Kind != LoopInstructionKind.Apply || _steps[register].Lane.SizeInMemory() != sizeof(float) || lastDirectRead > register)
            return -1;
        foreach (VectorStore store in _stores)
        {
            if (store.Register == register)
                return store.Operand;
        }

        return -1;
    }
}
