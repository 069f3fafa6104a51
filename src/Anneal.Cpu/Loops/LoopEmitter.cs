using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Emit;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>
/// Compiles a <see cref="VectorBody"/> to machine code: constants are made once, what changes by row once a row, and the columns run
/// by whole vectors, of which each pass takes a few; the rest of a row goes through partial loads and stores. Kernels of one
/// instruction are emitted as such and short ones inlined; long ones are called, on all vectors of a pass at once.
/// </summary>
[RequiresDynamicCode("Compiled loops are dynamic methods.")]
internal sealed class LoopEmitter
{
    // Loops differ in structure, not in extents, so even large models have few hundred; beyond this the program makes ever new ones.
    private const int CacheLimit = 4096;
    private const int VectorBytes = 64;
    private static readonly ConcurrentDictionary<(InstructionSet Set, int Vectors, string Text), CompiledLoop> Cache = new();

    private readonly VectorBody _body;
    private readonly InstructionSet _set;
    private readonly VectorMethods _methods;
    private readonly DynamicMethod _method;
    private readonly ILGenerator _il;
    private readonly int _vectors;
    private readonly LocalBuilder?[] _pointers;
    private readonly LocalBuilder[][] _registers;
    private readonly Dictionary<int, LocalBuilder> _constants = [];
    private readonly LocalBuilder[] _wrapped;
    private readonly LocalBuilder _column;
    private readonly LocalBuilder _rest;
    private readonly LocalBuilder _restMask;
    private readonly LocalBuilder _block;

    private LoopEmitter(VectorBody body, InstructionSet set, int vectors)
    {
        _body = body;
        _set = set;
        _methods = VectorMethods.For(set);
        Type[] parameters = [typeof(byte).MakePointerType().MakePointerType(), typeof(long).MakePointerType(), typeof(long), typeof(long)];
        _method = new DynamicMethod("AnnealLoop", typeof(void), parameters, typeof(LoopEmitter).Module, skipVisibility: true)
        {
            InitLocals = false,
        };
        _il = _method.GetILGenerator(4096);
        _vectors = vectors;
        _pointers = new LocalBuilder?[body.OperandCount];
        foreach (int operand in UsedOperands())
            _pointers[operand] = _il.DeclareLocal(typeof(byte).MakePointerType());
        _registers = [.. body.Steps.Select(s => DeclareRegister(s.Rate == Rate.Point ? _vectors : 1))];
        _wrapped = [.. Enumerable.Range(0, 4).Select(_ => _il.DeclareLocal(_methods.Type))];
        _column = _il.DeclareLocal(typeof(long));
        _rest = _il.DeclareLocal(typeof(int));
        _restMask = _il.DeclareLocal(_methods.Raw);
        _block = _il.DeclareLocal(typeof(byte).MakePointerType());
    }

    private bool HasLongKernels => _body.Steps.Any(s => s.Kernel is { IsLong: true });

    /// <param name="body">The body.</param>
    /// <param name="set">The vectors to use.</param>
    /// <param name="columns">The number of columns of a usual call.</param>
    internal static CompiledLoop Compile(VectorBody body, InstructionSet set, long columns)
    {
        int vectors = VectorsOfPass(body, columns / VectorMethods.For(set).Count);
        var key = (set, vectors, body.Print());
        if (Cache.TryGetValue(key, out CompiledLoop? code))
            return code;
        code = new LoopEmitter(body, set, vectors).Emit();
        if (Cache.Count >= CacheLimit)
            Cache.Clear();
        return Cache.GetOrAdd(key, code);
    }

    /// <summary>
    /// How many vectors a pass takes: enough to hide the latency of a short body or of a call, few enough for the registers and for
    /// the time of compilation, and no more than a row has.
    /// </summary>
    private static int VectorsOfPass(VectorBody body, long vectorsOfRow)
    {
        bool isCalled = body.Steps.Any(s => s.Kernel is { IsLong: true });
        int wanted = isCalled ? (body.Steps.Length <= 40 ? 4 : 2) : body.Cost <= 8 ? 4 : body.Cost <= 24 ? 2 : 1;
        return vectorsOfRow >= wanted ? wanted : vectorsOfRow >= 2 ? 2 : 1;
    }

    private LocalBuilder[] DeclareRegister(int vectors) => [.. Enumerable.Range(0, vectors).Select(_ => _il.DeclareLocal(_methods.Raw))];

    private IEnumerable<int> UsedOperands() =>
        _body.Steps.Where(s => s.Kind == LoopInstructionKind.Load).Select(s => s.Operand)
            .Concat(_body.Stores.Select(s => s.Operand)).Distinct();

    private CompiledLoop Emit()
    {
        Label row = _il.DefineLabel(), end = _il.DefineLabel();
        _il.Emit(OpCodes.Ldarg_2);
        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Ble, end);
        EmitPointers();
        EmitBlock();
        EmitShortcutConstants();
        EmitSteps(Rate.Call, 1, isPartial: false);
        _il.MarkLabel(row);
        EmitSteps(Rate.Row, 1, isPartial: false);
        EmitColumns();
        EmitNextRow();
        _il.Emit(OpCodes.Ldarg_2);
        _il.Emit(OpCodes.Ldc_I4_1);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Sub);
        _il.Emit(OpCodes.Starg_S, (byte)2);
        _il.Emit(OpCodes.Ldarg_2);
        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Bgt, row);
        _il.MarkLabel(end);
        _il.Emit(OpCodes.Ret);
        return _method.CreateDelegate<CompiledLoop>();
    }

    private void EmitPointers()
    {
        for (int i = 0; i < _pointers.Length; i++)
        {
            if (_pointers[i] is not { } pointer)
                continue;
            _il.Emit(OpCodes.Ldarg_0);
            _il.Emit(OpCodes.Ldc_I4, i * sizeof(long));
            _il.Emit(OpCodes.Add);
            _il.Emit(OpCodes.Ldind_I);
            _il.Emit(OpCodes.Stloc, pointer);
        }
    }

    private void EmitNextRow()
    {
        for (int i = 0; i < _pointers.Length; i++)
        {
            if (_pointers[i] is not { } pointer)
                continue;
            _il.Emit(OpCodes.Ldloc, pointer);
            _il.Emit(OpCodes.Ldarg_1);
            _il.Emit(OpCodes.Ldc_I4, i * sizeof(long));
            _il.Emit(OpCodes.Add);
            _il.Emit(OpCodes.Ldind_I8);
            _il.Emit(OpCodes.Conv_I);
            _il.Emit(OpCodes.Add);
            _il.Emit(OpCodes.Stloc, pointer);
        }
    }

    private void EmitColumns()
    {
        int count = _methods.Count;
        Label pass = _il.DefineLabel(), passCheck = _il.DefineLabel(), rest = _il.DefineLabel(), restCheck = _il.DefineLabel();
        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Stloc, _column);
        _il.Emit(OpCodes.Br, passCheck);

        _il.MarkLabel(pass);
        EmitSteps(Rate.Point, _vectors, isPartial: false);
        EmitStores(_vectors, isPartial: false);
        EmitAdvance(_vectors * count);
        _il.MarkLabel(passCheck);
        EmitColumnsLeft();
        _il.Emit(OpCodes.Ldc_I4, _vectors * count);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Bge, pass);
        _il.Emit(OpCodes.Br, restCheck);

        _il.MarkLabel(rest);
        EmitColumnsLeft();
        _il.Emit(OpCodes.Ldc_I4, count);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Call, new Func<long, long, long>(Math.Min).Method);
        _il.Emit(OpCodes.Conv_I4);
        _il.Emit(OpCodes.Stloc, _rest);
        if (_methods.MaskLoad is not null)
        {
            _il.Emit(OpCodes.Ldloc, _rest);
            _il.Emit(OpCodes.Call, _methods.RestMask);
            _il.Emit(OpCodes.Stloc, _restMask);
        }

        EmitSteps(Rate.Point, 1, isPartial: true);
        EmitStores(1, isPartial: true);
        EmitAdvance(count);
        _il.MarkLabel(restCheck);
        EmitColumnsLeft();
        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Bgt, rest);
    }

    private void EmitColumnsLeft()
    {
        _il.Emit(OpCodes.Ldarg_3);
        _il.Emit(OpCodes.Ldloc, _column);
        _il.Emit(OpCodes.Sub);
    }

    private void EmitAdvance(int columns)
    {
        _il.Emit(OpCodes.Ldloc, _column);
        _il.Emit(OpCodes.Ldc_I4, columns);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Stloc, _column);
    }

    /// <summary>Memory for the arguments of long kernels, aligned for vectors.</summary>
    private void EmitBlock()
    {
        if (!HasLongKernels)
            return;
        _il.Emit(OpCodes.Ldc_I4, ((2 * _vectors) + 1) * VectorBytes);
        _il.Emit(OpCodes.Conv_U);
        _il.Emit(OpCodes.Localloc);
        _il.Emit(OpCodes.Ldc_I4, VectorBytes - 1);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Ldc_I4, -VectorBytes);
        _il.Emit(OpCodes.Conv_I);
        _il.Emit(OpCodes.And);
        _il.Emit(OpCodes.Stloc, _block);
    }

    private void EmitShortcutConstants()
    {
        foreach (VectorStep step in _body.Steps)
        {
            if (step.Kernel?.Shortcut?.Bits is not { } bits || _constants.ContainsKey(bits))
                continue;
            LocalBuilder constant = _il.DeclareLocal(_methods.Raw);
            EmitConstant(bits, constant);
            _constants.Add(bits, constant);
        }
    }

    private void EmitSteps(Rate rate, int vectors, bool isPartial)
    {
        for (int i = 0; i < _body.Steps.Length; i++)
        {
            VectorStep step = _body.Steps[i];
            if (step.Rate != rate)
                continue;
            if (step.Kernel is { IsLong: true } kernel)
            {
                EmitBlockCall(step, kernel, i, vectors);
                continue;
            }

            for (int vector = 0; vector < vectors; vector++)
            {
                LocalBuilder target = _registers[i][vector];
                if (step.Kind == LoopInstructionKind.Constant)
                    EmitConstant(step.Bits, target);
                else if (step.Kind == LoopInstructionKind.Load)
                    EmitLoad(step, vector, isPartial, target);
                else
                    EmitApply(step, vector, target);
            }
        }
    }

    private void EmitConstant(int bits, LocalBuilder target)
    {
        float value = BitConverter.Int32BitsToSingle(bits);
        if (!float.IsNaN(value))
        {
            _il.Emit(OpCodes.Ldc_R4, value);
            _il.Emit(OpCodes.Call, _methods.Create);
            _il.Emit(OpCodes.Stloc, target);
            return;
        }

        // Masks are NaNs, whose bits an instruction that loads a float need not keep.
        _il.Emit(OpCodes.Ldc_I4, bits);
        EmitWrapped(_methods.BroadcastBits, target);
    }

    private void EmitLoad(VectorStep step, int vector, bool isPartial, LocalBuilder target)
    {
        bool isWord = step.Lane.SizeInMemory() == sizeof(float);
        if (step.Rate != Rate.Point)
        {
            _il.Emit(OpCodes.Ldloc, _pointers[step.Operand]!);
            if (step.Lane != Lane.Float)
            {
                EmitWrapped(_methods.Repeat(step.Lane), target);
                return;
            }

            _il.Emit(OpCodes.Ldind_R4);
            _il.Emit(OpCodes.Call, _methods.Create);
            _il.Emit(OpCodes.Stloc, target);
            return;
        }

        EmitAddress(step.Operand, step.Lane, vector);
        if (isWord && !isPartial)
        {
            _il.Emit(OpCodes.Call, _methods.LoadRaw);
            _il.Emit(OpCodes.Stloc, target);
        }
        else if (isWord && _methods.MaskLoad is { } load)
        {
            _il.Emit(OpCodes.Ldloc, _restMask);
            if (load.GetParameters().Length == 3)
            {
                _il.Emit(OpCodes.Ldc_R4, 0f);
                _il.Emit(OpCodes.Call, _methods.Create);
            }

            _il.Emit(OpCodes.Call, load);
            _il.Emit(OpCodes.Stloc, target);
        }
        else
        {
            if (isPartial)
                _il.Emit(OpCodes.Ldloc, _rest);
            EmitWrapped(isPartial ? _methods.LoadPartial(step.Lane) : _methods.Load(step.Lane), target);
        }
    }

    private void EmitApply(VectorStep step, int vector, LocalBuilder target)
    {
        KernelEntry kernel = step.Kernel!;
        if (kernel.Shortcut is { } shortcut)
        {
            foreach (int argument in step.Arguments)
                _il.Emit(OpCodes.Ldloc, Register(argument, vector));
            if (shortcut.Bits is { } bits)
                _il.Emit(OpCodes.Ldloc, _constants[bits]);
            _il.Emit(OpCodes.Call, _methods.Find(shortcut.Primitive));
            _il.Emit(OpCodes.Stloc, target);
            return;
        }

        for (int i = 0; i < step.Arguments.Length; i++)
            EmitWrap(Register(step.Arguments[i], vector), _wrapped[i]);
        for (int i = 0; i < step.Arguments.Length; i++)
            _il.Emit(OpCodes.Ldloc, _wrapped[i]);
        EmitWrapped(kernel.Method(_set), target);
    }

    /// <summary>Calls a long kernel once for all vectors of a pass.</summary>
    private void EmitBlockCall(VectorStep step, KernelEntry kernel, int index, int vectors)
    {
        for (int i = 0; i < step.Arguments.Length; i++)
        {
            for (int vector = 0; vector < vectors; vector++)
            {
                _il.Emit(OpCodes.Ldloc, Register(step.Arguments[i], vector));
                EmitBlockAddress((i * _vectors * _methods.Count) + (vector * _methods.Count));
                _il.Emit(OpCodes.Call, _methods.StoreRaw);
            }
        }

        for (int i = 0; i < step.Arguments.Length; i++)
            EmitBlockAddress(i * _vectors * _methods.Count);
        _il.Emit(OpCodes.Ldc_I4, vectors * _methods.Count);
        _il.Emit(OpCodes.Call, kernel.Block(_set));
        for (int vector = 0; vector < vectors; vector++)
        {
            EmitBlockAddress(vector * _methods.Count);
            _il.Emit(OpCodes.Call, _methods.LoadRaw);
            _il.Emit(OpCodes.Stloc, _registers[index][vector]);
        }
    }

    private void EmitBlockAddress(int lane)
    {
        _il.Emit(OpCodes.Ldloc, _block);
        _il.Emit(OpCodes.Ldc_I4, lane * sizeof(float));
        _il.Emit(OpCodes.Add);
    }

    private void EmitStores(int vectors, bool isPartial)
    {
        foreach (VectorStore store in _body.Stores)
        {
            Lane lane = _body.Steps[store.Register].Lane;
            for (int vector = 0; vector < vectors; vector++)
                EmitStore(store, lane, vector, isPartial);
        }
    }

    private void EmitStore(VectorStore store, Lane lane, int vector, bool isPartial)
    {
        LocalBuilder register = Register(store.Register, vector);
        bool isWord = lane.SizeInMemory() == sizeof(float);
        if (isWord && !isPartial)
        {
            _il.Emit(OpCodes.Ldloc, register);
            EmitAddress(store.Operand, lane, vector);
            _il.Emit(OpCodes.Call, _methods.StoreRaw);
        }
        else if (isWord && _methods.MaskStore is { } maskStore)
        {
            EmitAddress(store.Operand, lane, vector);
            _il.Emit(OpCodes.Ldloc, _restMask);
            _il.Emit(OpCodes.Ldloc, register);
            _il.Emit(OpCodes.Call, maskStore);
        }
        else
        {
            EmitWrap(register, _wrapped[0]);
            EmitAddress(store.Operand, lane, vector);
            _il.Emit(OpCodes.Ldloc, _wrapped[0]);
            if (isPartial)
                _il.Emit(OpCodes.Ldloc, _rest);
            _il.Emit(OpCodes.Call, isPartial ? _methods.StorePartial(lane) : _methods.Store(lane));
        }
    }

    private LocalBuilder Register(int index, int vector) => _registers[index][_registers[index].Length == 1 ? 0 : vector];

    private void EmitWrap(LocalBuilder raw, LocalBuilder wrapped)
    {
        _il.Emit(OpCodes.Ldloca, wrapped);
        _il.Emit(OpCodes.Ldloc, raw);
        _il.Emit(OpCodes.Stfld, _methods.RawField);
    }

    /// <summary>Calls a method that returns a wrapper, and keeps what it wraps.</summary>
    private void EmitWrapped(MethodInfo method, LocalBuilder target)
    {
        LocalBuilder result = _wrapped[^1];
        _il.Emit(OpCodes.Call, method);
        _il.Emit(OpCodes.Stloc, result);
        _il.Emit(OpCodes.Ldloca, result);
        _il.Emit(OpCodes.Ldfld, _methods.RawField);
        _il.Emit(OpCodes.Stloc, target);
    }

    private void EmitAddress(int operand, Lane lane, int vector)
    {
        int size = lane.SizeInMemory();
        _il.Emit(OpCodes.Ldloc, _pointers[operand]!);
        _il.Emit(OpCodes.Ldloc, _column);
        if (size > 1)
        {
            _il.Emit(OpCodes.Ldc_I4, size);
            _il.Emit(OpCodes.Conv_I8);
            _il.Emit(OpCodes.Mul);
        }

        _il.Emit(OpCodes.Conv_I);
        _il.Emit(OpCodes.Add);
        if (vector > 0)
        {
            _il.Emit(OpCodes.Ldc_I4, vector * _methods.Count * size);
            _il.Emit(OpCodes.Add);
        }
    }
}
