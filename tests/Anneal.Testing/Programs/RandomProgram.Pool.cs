using Anneal.Ops;

namespace Anneal.Testing;

/// <content>What the steps do.</content>
internal sealed partial class RandomProgram
{
    private const long LargestValue = 600;
    private const int LargestRank = 5;

    /// <summary>The values that a program has computed. Every step keeps them near 1, so that no rounding or derivative grows out of hand.</summary>
    private sealed class Pool
    {
        private readonly List<Tensor> _values;
        private readonly Dictionary<int, Tensor> _byStep = [];
        private readonly State[] _variables;
        private readonly Tensor[]? _flowing;
        private readonly Func<ProgramStep, Tensor, Tensor>[] _kinds;

        /// <param name="inputs">The arguments of the program.</param>
        /// <param name="variables">What the program may update.</param>
        /// <param name="isSmooth">Whether steps with kinks are left out.</param>
        /// <param name="flows">
        /// Whether what follows an update is computed from the new value itself, not from a read of the variable, through which by definition
        /// no gradient flows.
        /// </param>
        internal Pool(Tensor[] inputs, State[] variables, bool isSmooth, bool flows)
        {
            _variables = variables;
            _flowing = flows ? [.. variables.Select(v => v.Read())] : null;
            _values = [.. inputs, .. variables.Select(v => v.Read())];
            _kinds = isSmooth ? Smooth() : [.. Smooth(), .. WithKinks()];
        }

        internal void Run(ProgramStep step)
        {
            Tensor made = _kinds[step.Kind % _kinds.Length](step, Operand(step.First, step.Id));
            if (made.Shape.ElementCount is 0 or > LargestValue)
                made = Fit(made, 24).Reshape(4, 6);
            if (made.Shape.Rank > LargestRank)
                made = made.Flatten();
            _values.Add(made);
            _byStep[step.Id] = made;
        }

        /// <summary>One to three values from anywhere and the last one.</summary>
        internal Tensor[] Outputs(int seed) =>
            [.. Enumerable.Range(0, 1 + seed % 3).Select(i => _values[(int)((uint)(seed * 7 + i * 13) % _values.Count)]), _values[^1]];

        private Tensor Operand(int choice, int before)
        {
            // Half of the operands come from the last few steps, so that chains grow long.
            int from = choice % 2 == 0 ? before - 1 - choice / 2 % 4 : -1;
            return _byStep.TryGetValue(from, out Tensor? recent) ? recent : _values[choice / 2 % _values.Count];
        }

        private Tensor Second(ProgramStep step) => Operand(step.Second, step.Id);

        /// <summary>The elements of a value, repeated or cut to a number of them, by looking them up.</summary>
        private static Tensor Fit(Tensor x, long count)
        {
            Tensor flat = x.Flatten();
            if (x.Shape.ElementCount >= count)
                return flat.Narrow(0, 0, count);
            int[] indices = [.. Enumerable.Range(0, (int)count).Select(i => (int)(i * 5L % x.Shape.ElementCount))];
            return flat.Gather(Tensor.From(indices));
        }

        private static Tensor Fit(Tensor x, Shape shape) => x.Shape == shape ? x : Fit(x, shape.ElementCount).Reshape(shape);

        private static Tensor AtLeast(Tensor x, int rank) => x.Shape.Rank >= rank ? x : Fit(x, [4, 6]);

        private static Tensor Image(Tensor x) => x.Shape.Rank == 4 ? x : Fit(x, [1, 4, 5, 2]);

        /// <summary>Some of the axes, at least one.</summary>
        private static int[] Axes(Tensor x, int choice)
        {
            int[] some = [.. Enumerable.Range(0, x.Shape.Rank).Where(a => (choice >> a) % 2 == 1)];
            return some.Length > 0 ? some : [choice % x.Shape.Rank];
        }

        private Func<ProgramStep, Tensor, Tensor>[] Smooth() =>
        [
            (s, x) => Unary(x, s.Detail), (s, x) => Unary(x, s.Detail), (s, x) => Unary(x, s.Detail), (s, x) => Unary(x, s.Detail),
            (s, x) => Binary(x, Second(s), s.Detail), (s, x) => Binary(x, Second(s), s.Detail), (s, x) => Binary(x, Second(s), s.Detail),
            (s, x) => Binary(x, Second(s), s.Detail), (s, x) => Binary(x, Second(s), s.Detail),
            Reduce, Reduce, Reduce, Product, Product, Reshaped, Transposed, Sliced, Padded, Concatenated, Gathered, Scattered, Spread,
            Convolved, Pooled, Assigned, Assigned, Chosen, Normalized,
        ];

        private Func<ProgramStep, Tensor, Tensor>[] WithKinks() =>
        [
            (s, x) => Kinked(x, Second(s), s.Detail), (s, x) => Kinked(x, Second(s), s.Detail), (s, x) => Kinked(x, Second(s), s.Detail),
            (s, x) => AtLeast(x, 1).Max(Axes(AtLeast(x, 1), s.Detail), s.Second % 2 == 0), (s, x) => AtLeast(x, 1).Min(Axes(AtLeast(x, 1), s.Detail)),
            (s, x) => Image(x).MaxPool(Window(Image(x), s.Detail)),
        ];

        private static Tensor Unary(Tensor x, int choice) => (choice % 18) switch
        {
            0 => Tensor.Tanh(x),
            1 => Tensor.Sigmoid(x),
            2 => Tensor.Sin(x),
            3 => Tensor.Cos(x),
            4 => Tensor.Atan(x),
            5 => Tensor.Erf(x),
            6 => Tensor.Exp(Tensor.Tanh(x)) * 0.5,
            7 => Tensor.Log(Tensor.Sin(x) + 1.5),
            8 => Tensor.Sqrt(Tensor.Cos(x) + 1.25),
            9 => Tensor.Log1p(Tensor.Tanh(x) * 0.75),
            10 => Tensor.Expm1(Tensor.Tanh(x) * 0.5),
            11 => -x,
            12 => x * 0.5 + 0.25,
            13 => 1 - x,
            14 => Tensor.Gelu(Tensor.Tanh(x)),
            15 => Tensor.Square(Tensor.Tanh(x)),
            16 => Tensor.Silu(x),
            _ => Tensor.Pow(Tensor.Tanh(x) + 1.75, 1.5) * 0.25,
        };

        private static Tensor Binary(Tensor x, Tensor y, int choice)
        {
            if (Shape.Broadcast(x.Shape, y.Shape) is not { ElementCount: <= LargestValue })
                y = Fit(y, choice % 2 == 0 ? x.Shape : x.Shape[^1..]);
            return (choice / 2 % 6) switch
            {
                0 => (x + y) * 0.5,
                1 => x - y,
                2 => x * Tensor.Sigmoid(y),
                3 => x / (Tensor.Tanh(y) + 2),
                4 => Tensor.Pow(Tensor.Sin(x) + 1.5, Tensor.Tanh(y)),
                _ => Tensor.Tanh(x) * Tensor.Tanh(y),
            };
        }

        private static Tensor Kinked(Tensor x, Tensor y, int choice)
        {
            y = Fit(y, x.Shape);
            return (choice % 5) switch
            {
                0 => Tensor.Relu(x),
                1 => Tensor.Abs(x),
                2 => Tensor.Maximum(x, y),
                3 => Tensor.Minimum(x, y),
                _ => Tensor.Select(x.GreaterThan(y), x, y),
            };
        }

        private Tensor Reduce(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 1);
            int[] axes = Axes(x, step.Detail);
            bool keep = step.Detail / 64 % 2 == 0;
            return (step.Detail / 128 % 5) switch
            {
                0 => x.Sum(axes, keep) * 0.25,
                1 => x.Mean(axes, keep),
                2 => Tensor.Sin((Tensor.Tanh(x) * (1 / (double)axes.Aggregate(1L, (n, a) => n * x.Shape[a])) + 1).Product(axes, keep)),
                3 => x.Variance(axes, keep),
                _ => x.LogSumExp(axes[0], keep) * 0.25,
            };
        }

        private Tensor Product(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 2);
            long k = x.Shape[^1];
            Tensor y = Second(step);
            Tensor product = (step.Detail % 4) switch
            {
                0 => x.MatMul(Fit(y, [k, 3])),
                1 => x.MatMul(Fit(y, [5, k]), transposeOther: true),
                2 => x.MatMul(x, transposeOther: true),
                _ => x.MatMul(Fit(y, x.Shape[..^2].Concat([x.Shape[^2], 4])), transposeSelf: true),
            };
            return step.Detail / 4 % 3 == 0 ? product * 0.3 : Tensor.Tanh(product * 0.3 + 0.1);
        }

        private static Tensor Reshaped(ProgramStep step, Tensor x)
        {
            long count = x.Shape.ElementCount;
            long[] divisors = [.. Enumerable.Range(1, 12).Select(d => (long)d).Where(d => count % d == 0)];
            long first = divisors[step.Detail % divisors.Length];
            return (step.Second % 4) switch
            {
                0 => x.Flatten(),
                1 => x.Reshape(first, count / first),
                2 => x.Reshape(count / first, 1, first),
                _ => x.ExpandAxis(step.Detail % (x.Shape.Rank + 1)),
            };
        }

        private static Tensor Transposed(ProgramStep step, Tensor x)
        {
            int[] order = [.. Enumerable.Range(0, x.Shape.Rank).OrderBy(a => (a * 7919 + 1) * (step.Detail % 101 + 1) % 97).ThenBy(a => a)];
            return x.Transpose(order);
        }

        private static Tensor Sliced(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 1);
            int axis = step.Detail % x.Shape.Rank;
            long extent = x.Shape[axis];
            long start = step.Second % extent;
            var from = new long[x.Shape.Rank];
            long[] to = [.. x.Shape], steps = [.. x.Shape.Select(_ => 1L)];
            switch (step.Detail / 8 % 3)
            {
                case 0:
                    return x.Flip(axis);
                case 1:
                    return x.Narrow(axis, start, Math.Max(1, (extent - start) * 3 / 4));
                default:
                    (from[axis], steps[axis]) = (start, 2);
                    return x.Slice(from, to, steps);
            }
        }

        private static Tensor Padded(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 1);
            var before = new long[x.Shape.Rank];
            var after = new long[x.Shape.Rank];
            before[step.Detail % x.Shape.Rank] = step.Second % 3;
            after[step.First % x.Shape.Rank] = step.Detail / 8 % 3;
            return x.Pad(before, after, step.Second % 2 == 0 ? 0 : 0.5);
        }

        private Tensor Concatenated(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 1);
            Tensor y = Fit(Second(step), x.Shape);
            return step.Detail % 3 == 0 ? Tensor.Stack(0, x, y) : Tensor.Concat(step.Detail % x.Shape.Rank, x, y, x);
        }

        private static Tensor Gathered(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 1);
            int axis = step.Detail % x.Shape.Rank;
            long extent = x.Shape[axis];
            int[] indices = [.. Enumerable.Range(0, 3).Select(i => (int)((step.Second + i * 5L) % extent))];
            return x.Gather(axis, Tensor.From(indices));
        }

        private Tensor Scattered(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 1);
            long extent = x.Shape[0];
            Shape shape = new Shape(3).Concat(x.Shape[1..]);
            int[] indices = [.. Enumerable.Range(0, (int)shape.ElementCount).Select(i => (int)((step.Detail + i * 3L) % extent))];
            return x.ScatterAddAlong(0, Tensor.From(indices, shape), Fit(Second(step), shape)) * 0.5;
        }

        private static Tensor Spread(ProgramStep step, Tensor x) => x.BroadcastTo(new Shape(2 + step.Detail % 2).Concat(x.Shape));

        private Tensor Convolved(ProgramStep step, Tensor x)
        {
            x = Image(x);
            long groups = x.Shape[3] % 2 == 0 && step.Detail % 4 == 0 ? 2 : 1;
            long height = Math.Min(x.Shape[1], 1 + step.Second % 3), width = Math.Min(x.Shape[2], 1 + step.Second / 3 % 3);
            Tensor weights = Fit(Second(step), [height, width, x.Shape[3] / groups, 2]);
            var window = new ConvolutionWindow(
                1 + step.Detail / 4 % 2, 1 + step.Detail / 8 % 2, step.Detail / 16 % 2, step.Detail / 32 % 2, step.Detail / 64 % 2, step.Detail / 128 % 2,
                Groups: groups);
            return x.Convolve(weights, window) * 0.2;
        }

        private static Tensor Pooled(ProgramStep step, Tensor x)
        {
            x = Image(x);
            return x.AveragePool(Window(x, step.Detail), step.Detail / 64 % 2 == 0);
        }

        private static PoolingWindow Window(Tensor x, int choice)
        {
            long height = Math.Min(x.Shape[1], 1 + choice % 3), width = Math.Min(x.Shape[2], 1 + choice / 3 % 3);
            return new PoolingWindow(height, width, new ConvolutionWindow(1 + choice / 9 % 2, 1 + choice / 18 % 2));
        }

        /// <summary>Updates a variable and goes on with its new value, or with the value that it had.</summary>
        private Tensor Assigned(ProgramStep step, Tensor x)
        {
            int which = step.Detail % _variables.Length;
            State variable = _variables[which];
            Tensor old = _flowing?[which] ?? variable.Read(), value = Fit(x, variable.Shape);
            Tensor updated = (step.Detail / 8 % 6) switch
            {
                0 => Tensor.Tanh(value),
                1 => old * 0.9 + Tensor.Tanh(value) * 0.1,

                // Reads the old value in another order than the one in which the new one is written.
                2 when old.Shape.Rank > 0 => Tensor.Tanh(old + old.Flip(step.Second % old.Shape.Rank) + value * 0.1),
                3 when old.Shape.Rank > 0 => Tensor.Sin(old.Softmax() + value * 0.1),

                // A kernel that reads the variable gives its new value.
                4 when old.Shape.Rank > 1 => (Tensor.Tanh(old.MatMul(old, transposeOther: true)) * 0.25).MatMul(old),
                _ => value,
            };
            variable.Assign(updated);
            if (_flowing is not null)
                _flowing[which] = updated;
            return step.Detail / 64 % 2 == 1 ? old + 0 : _flowing is null ? variable.Read() : updated;
        }

        /// <summary>A choice that does not depend on rounding: by position.</summary>
        private Tensor Chosen(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 1);
            Tensor positions = Tensor.Range(x.Shape[^1]).BroadcastTo(x.Shape);
            return Tensor.Select(positions.LessThan(Tensor.From(step.Detail % 4).BroadcastTo(x.Shape)), x, Fit(Second(step), x.Shape));
        }

        private static Tensor Normalized(ProgramStep step, Tensor x)
        {
            x = AtLeast(x, 1);
            int axis = step.Detail % x.Shape.Rank;
            return step.Second % 2 == 0 ? x.Softmax(axis) : x.LogSoftmax(axis) * 0.25;
        }
    }
}
