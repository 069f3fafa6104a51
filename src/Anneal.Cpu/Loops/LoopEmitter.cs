using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection.Emit;
using Anneal.Planning;

namespace Anneal.Cpu;

/// <summary>
/// Compiles a <see cref="VectorBody"/> to machine code: constants are made once, what changes by row once a row, and the columns run
/// by whole vectors, of which each pass takes a few; the rest of a row goes through partial loads and stores.
/// </summary>
[RequiresDynamicCode("Compiled loops are dynamic methods.")]
internal sealed class LoopEmitter
{
    // Loops differ in structure, not in extents, so even large models have few hundred; beyond this the program makes ever new ones.
    private const int CacheLimit = 4096;
    private const int PointsPerPassOfCheapBody = 4;
    private const int PointsPerPassOfBody = 2;
    private static readonly ConcurrentDictionary<(InstructionSet Set, string Text), CompiledLoop> Cache = new();

    private readonly VectorBody _body;
    private readonly InstructionSet _set;
    private readonly VectorMethods _methods;
    private readonly DynamicMethod _method;
    private readonly ILGenerator _il;
    private readonly LocalBuilder?[] _pointers;
    private readonly LocalBuilder[] _registers;
    private readonly LocalBuilder _column;
    private readonly LocalBuilder _rest;

    private LoopEmitter(VectorBody body, InstructionSet set)
    {
        _body = body;
        _set = set;
        _methods = VectorMethods.For(set);
        Type[] parameters = [typeof(byte).MakePointerType().MakePointerType(), typeof(long).MakePointerType(), typeof(long), typeof(long)];
        _method = new DynamicMethod("AnnealLoop", typeof(void), parameters, typeof(LoopEmitter).Module, skipVisibility: true);
        _il = _method.GetILGenerator(4096);
        _pointers = new LocalBuilder?[body.OperandCount];
        foreach (int operand in UsedOperands())
            _pointers[operand] = _il.DeclareLocal(typeof(byte).MakePointerType());
        _registers = [.. body.Steps.Select(_ => _il.DeclareLocal(_methods.Type))];
        _column = _il.DeclareLocal(typeof(long));
        _rest = _il.DeclareLocal(typeof(int));
    }

    internal static int CompiledCount => Cache.Count;

    internal static CompiledLoop Compile(VectorBody body, InstructionSet set)
    {
        var key = (set, body.Print());
        if (Cache.TryGetValue(key, out CompiledLoop? code))
            return code;
        code = new LoopEmitter(body, set).Emit();
        if (Cache.Count >= CacheLimit)
            Cache.Clear();
        return Cache.GetOrAdd(key, code);
    }

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
        EmitSteps(Rate.Call, -1, isPartial: false);
        _il.MarkLabel(row);
        EmitSteps(Rate.Row, -1, isPartial: false);
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
        int vectors = _body.Cost <= 8 ? PointsPerPassOfCheapBody : _body.Cost <= 24 ? PointsPerPassOfBody : 1;
        Label pass = _il.DefineLabel(), passCheck = _il.DefineLabel(), rest = _il.DefineLabel(), restCheck = _il.DefineLabel();
        _il.Emit(OpCodes.Ldc_I4_0);
        _il.Emit(OpCodes.Conv_I8);
        _il.Emit(OpCodes.Stloc, _column);
        _il.Emit(OpCodes.Br, passCheck);

        _il.MarkLabel(pass);
        for (int i = 0; i < vectors; i++)
        {
            EmitSteps(Rate.Point, i, isPartial: false);
            EmitStores(i, isPartial: false);
        }

        EmitAdvance(vectors * count);
        _il.MarkLabel(passCheck);
        EmitColumnsLeft();
        _il.Emit(OpCodes.Ldc_I4, vectors * count);
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
        EmitSteps(Rate.Point, 0, isPartial: true);
        EmitStores(0, isPartial: true);
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

    private void EmitSteps(Rate rate, int vector, bool isPartial)
    {
        for (int i = 0; i < _body.Steps.Length; i++)
        {
            VectorStep step = _body.Steps[i];
            if (step.Rate != rate)
                continue;
            switch (step.Kind)
            {
                case LoopInstructionKind.Constant:
                    _il.Emit(OpCodes.Ldc_I4, step.Bits);
                    _il.Emit(OpCodes.Call, _methods.BroadcastBits);
                    break;
                case LoopInstructionKind.Load when rate == Rate.Point:
                    EmitAddress(step.Operand, step.Lane, vector);
                    if (isPartial)
                        _il.Emit(OpCodes.Ldloc, _rest);
                    _il.Emit(OpCodes.Call, isPartial ? _methods.LoadPartial(step.Lane) : _methods.Load(step.Lane));
                    break;
                case LoopInstructionKind.Load:
                    _il.Emit(OpCodes.Ldloc, _pointers[step.Operand]!);
                    _il.Emit(OpCodes.Call, _methods.Repeat(step.Lane));
                    break;
                default:
                    foreach (int argument in step.Arguments)
                        _il.Emit(OpCodes.Ldloc, _registers[argument]);
                    _il.Emit(OpCodes.Call, step.Kernel!.Method(_set));
                    break;
            }

            _il.Emit(OpCodes.Stloc, _registers[i]);
        }
    }

    private void EmitStores(int vector, bool isPartial)
    {
        foreach (VectorStore store in _body.Stores)
        {
            Lane lane = _body.Steps[store.Register].Lane;
            EmitAddress(store.Operand, lane, vector);
            _il.Emit(OpCodes.Ldloc, _registers[store.Register]);
            if (isPartial)
                _il.Emit(OpCodes.Ldloc, _rest);
            _il.Emit(OpCodes.Call, isPartial ? _methods.StorePartial(lane) : _methods.Store(lane));
        }
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
