using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>Draws loops: random shapes, operands that are dense, repeated, reversed, transposed or spaced, random bodies, folds.</summary>
internal sealed class RandomLoop
{
    private static readonly ElementwiseOp[] ExactUnary =
        [new Negate(), new Abs(), new Sign(), new Floor(), new Ceiling(), new Round(), new Relu(), new StopGradient()];

    private static readonly ElementwiseOp[] ExactBinary =
        [new Add(), new Subtract(), new Multiply(), new Maximum(), new Minimum(), new Divide()];

    private static readonly ElementwiseOp[] Smooth =
    [
        new Exp(), new Expm1(), new Log(), new Log1p(), new Tanh(), new Sigmoid(), new Erf(), new Sin(), new Cos(), new Atan(), new Sqrt(),
    ];

    private readonly Random _random;
    private readonly HandLoop _builder;
    private readonly long[] _dims;
    private readonly bool _isExact;

    private RandomLoop(int seed, bool isExact, bool folds)
    {
        _random = new Random(seed);
        _isExact = isExact;
        int rank = _random.Next(folds ? 1 : 0, 5);
        long limit = rank switch { <= 1 => 9000, 2 => 140, 3 => 26, _ => 11 };
        _dims = [.. Enumerable.Range(0, rank).Select(_ => _random.Next(12) == 0 ? 1 : 1 + _random.NextInt64(limit))];
        int start = 0, count = 0;
        if (folds)
        {
            start = _random.Next(rank);
            count = 1 + _random.Next(rank - start);
        }

        _builder = new HandLoop(_dims, start, count);
    }

    internal static Loop Draw(int seed, bool isExact, bool folds, DType[]? types = null)
    {
        var draw = new RandomLoop(seed, isExact, folds);
        draw.AddBody(types ?? [DType.Float32, DType.Float32, DType.Float32, DType.Bool, DType.Int32, DType.UInt8]);
        draw.AddOutputs(folds);
        return draw._builder.Build();
    }

    private void AddBody(DType[] types)
    {
        int loads = 1 + _random.Next(4), ops = _random.Next(9);
        for (int i = 0; i < loads; i++)
        {
            (long[] strides, long offset) = DrawStrides();
            _builder.Load(types[_random.Next(types.Length)], strides, offset);
        }

        if (_random.Next(2) == 0)
            _builder.Constant(types[0], _random.Next(-3, 4) + 0.25);
        for (int i = 0; i < ops; i++)
            AddOp();
    }

    private void AddOp()
    {
        int a = _random.Next(_builder.RegisterCount);
        DType type = _builder.TypeOf(a);
        int b = LastOf(type, a);
        if (type == DType.Bool)
        {
            int x = LastOf(DType.Float32, -1);
            if (_random.Next(3) == 0 && x >= 0)
                _builder.Apply(new Select(), a, x, AnyOf(DType.Float32));
            else if (_random.Next(3) == 0)
                _builder.Apply(new LogicalNot(), a);
            else if (_random.Next(2) == 0)
                _builder.Apply(new Cast(_random.Next(2) == 0 ? DType.Float32 : DType.Int32), a);
            else
                _builder.Apply(_random.Next(3) switch { 0 => new LogicalAnd(), 1 => new LogicalOr(), _ => Comparing() }, a, b);
        }
        else if (type.IsInteger())
            AddWhole(type, a, b);
        else if (_random.Next(5) == 0)
            _builder.Apply(Comparing(), a, b);
        else if (!_isExact && _random.Next(2) == 0)
            _builder.Apply(Smooth[_random.Next(Smooth.Length)], a);
        else if (_random.Next(3) == 0)
            _builder.Apply(ExactUnary[_random.Next(ExactUnary.Length)], a);
        else
            _builder.Apply(ExactBinary[_random.Next(ExactBinary.Length)], a, b);
    }

    private void AddWhole(DType type, int a, int b)
    {
        int choice = _random.Next(3);
        if (choice == 0)
            _builder.Apply(new Cast(DType.Float32), a);
        else if (choice == 1)
            _builder.Apply(Comparing(), a, b);
        else if (type == DType.Int32)
            _builder.Apply(_random.Next(2) == 0 ? new Add() : new Maximum(), a, b);
    }

    private Compare Comparing() => new((Comparison)_random.Next(6));

    private int LastOf(DType type, int otherwise)
    {
        for (int i = _builder.RegisterCount - 1; i >= 0; i--)
        {
            if (_builder.TypeOf(i) == type && (_random.Next(2) == 0 || otherwise < 0))
                return i;
        }

        return otherwise;
    }

    private int AnyOf(DType type)
    {
        int[] all = [.. Enumerable.Range(0, _builder.RegisterCount).Where(i => _builder.TypeOf(i) == type)];
        return all[_random.Next(all.Length)];
    }

    private void AddOutputs(bool folds)
    {
        int count = 1 + _random.Next(2);
        for (int i = 0; i < count; i++)
        {
            int register = _random.Next(_builder.RegisterCount);
            if (!folds || (i > 0 && _random.Next(2) == 0))
            {
                _builder.Store(register, _random.Next(4) == 0 ? Transposed() : null);
                continue;
            }

            DType type = _builder.TypeOf(register);
            ReductionKind kind = type == DType.Float32 || type == DType.Float64
                ? (ReductionKind)(_random.Next(3) is var k && k == 1 ? 3 : k)
                : _random.Next(2) == 0 ? ReductionKind.Maximum : ReductionKind.Minimum;
            _builder.Fold(register, kind);
        }
    }

    private long[] Transposed()
    {
        var strides = new long[_dims.Length];
        long stride = 1;
        for (int d = 0; d < strides.Length; d++)
        {
            strides[d] = stride;
            stride *= Math.Max(1, _dims[d]);
        }

        return strides;
    }

    private (long[] Strides, long Offset) DrawStrides()
    {
        int kind = _random.Next(6);
        long[] strides = kind switch
        {
            0 => Transposed(),
            1 => _builder.Dense(d => (d + kind) % 2 == 0),
            2 => _builder.Dense(d => d == _dims.Length - 1),
            3 => _builder.Dense(d => d != _dims.Length - 1),
            _ => _builder.Dense(),
        };
        long offset = _random.Next(3);
        for (int d = 0; d < strides.Length; d++)
        {
            if (_random.Next(10) == 0)
                strides[d] *= 2;
            if (_random.Next(10) != 0)
                continue;
            offset += strides[d] * Math.Max(0, _dims[d] - 1);
            strides[d] = -strides[d];
        }

        return (strides, offset);
    }
}
