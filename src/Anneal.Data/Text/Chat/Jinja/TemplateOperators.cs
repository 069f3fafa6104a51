using System.Runtime.ExceptionServices;

namespace Anneal.Data;

/// <summary>What the signs of the language mean, as in Python.</summary>
internal static class TemplateOperators
{
    /// <summary>The number that a value is: truth values are 0 and 1. Null for what is no number.</summary>
    internal static double? Number(TemplateValue value) => value switch
    {
        TemplateInteger whole => whole.Value,
        TemplateFloat number => number.Value,
        TemplateBoolean truth => truth.Value ? 1 : 0,
        _ => null,
    };

    /// <summary>The whole number that a value is, or null.</summary>
    internal static long? Whole(TemplateValue value) => value switch
    {
        TemplateInteger whole => whole.Value,
        TemplateBoolean truth => truth.Value ? 1 : 0,
        _ => null,
    };

    internal static TemplateValue Apply(TemplateRun run, BinaryOperator sign, TemplateValue left, TemplateValue right)
    {
        if (left is TemplateUndefined || right is TemplateUndefined)
            throw run.FailUndefined(left is TemplateUndefined ? left : right);
        switch (sign, left, right)
        {
            case (BinaryOperator.Add, TemplateString a, TemplateString b):
                return run.Text(a.Value, b.Value);
            case (BinaryOperator.Add, TemplateSequence a, TemplateSequence b) when a.Kind == b.Kind && a.Kind is SequenceKind.List or SequenceKind.Tuple:
                run.Charge(8L * (a.Items.Length + b.Items.Length));
                return run.List([.. a.Items, .. b.Items], a.Kind);
            case (BinaryOperator.Multiply, TemplateString or TemplateSequence, _) when Whole(right) is { } times:
                return Repeat(run, left, times);
            case (BinaryOperator.Multiply, _, TemplateString or TemplateSequence) when Whole(left) is { } times:
                return Repeat(run, right, times);
            case (BinaryOperator.Remainder, TemplateString, _):
                throw run.Fail("strings with places for values ('%') are not supported; '~' joins values");
        }

        try
        {
            if (Whole(left) is { } m && Whole(right) is { } n)
                return Integers(run, sign, m, n);
        }
        catch (OverflowException)
        {
            throw run.Fail("the result is too large for a whole number");
        }

        if (Number(left) is { } x && Number(right) is { } y)
            return Floats(run, sign, x, y);
        throw run.Fail($"'{Sign(sign)}' does not go with {left.TypeName} and {right.TypeName}");
    }

    internal static TemplateValue Negate(TemplateRun run, TemplateValue value) => value switch
    {
        TemplateFloat number => new TemplateFloat(-number.Value),
        TemplateUndefined => throw run.FailUndefined(value),
        _ => Whole(value) is { } whole && whole != long.MinValue ? new TemplateInteger(-whole) : throw run.Fail($"'-' does not go with {value.TypeName}"),
    };

    internal static TemplateValue Positive(TemplateRun run, TemplateValue value) => value switch
    {
        TemplateFloat => value,
        TemplateUndefined => throw run.FailUndefined(value),
        _ => Whole(value) is { } whole ? new TemplateInteger(whole) : throw run.Fail($"'+' does not go with {value.TypeName}"),
    };

    internal static bool Compare(TemplateRun run, CompareOperator sign, TemplateValue left, TemplateValue right) => sign switch
    {
        CompareOperator.Equal => AreEqual(run, left, right),
        CompareOperator.NotEqual => !AreEqual(run, left, right),
        CompareOperator.In => Contains(run, right, left),
        CompareOperator.NotIn => !Contains(run, right, left),
        CompareOperator.Less => Order(run, left, right) < 0,
        CompareOperator.LessOrEqual => Order(run, left, right) <= 0,
        CompareOperator.Greater => Order(run, left, right) > 0,
        _ => Order(run, left, right) >= 0,
    };

    internal static bool AreEqual(TemplateRun run, TemplateValue left, TemplateValue right)
    {
        run.Step();
        if (ReferenceEquals(left, right))
            return true;
        switch (left, right)
        {
            case (TemplateString a, TemplateString b):
                run.Work(Math.Min(a.Value.Length, b.Value.Length));
                return string.Equals(a.Value, b.Value, StringComparison.Ordinal);
            case (TemplateSequence a, TemplateSequence b):
                if (a.Kind != b.Kind || a.Items.Length != b.Items.Length)
                    return false;
                for (int i = 0; i < a.Items.Length; i++)
                {
                    if (!AreEqual(run, a.Items[i], b.Items[i]))
                        return false;
                }

                return true;
            case (TemplateMap a, TemplateMap b):
                if (a.Entries.Count != b.Entries.Count)
                    return false;
                foreach ((TemplateValue key, TemplateValue value) in a.Entries)
                {
                    if (!b.Entries.TryGetValue(key, out TemplateValue? other) || !AreEqual(run, value, other))
                        return false;
                }

                return true;
            case (TemplateUndefined, TemplateUndefined):
                return true;
            default:
                return AreEqualNumbers(left, right);
        }
    }

    /// <summary>Whether both are numbers and the same one; whole ones beyond 2^53 are compared as such.</summary>
    internal static bool AreEqualNumbers(TemplateValue left, TemplateValue right) =>
        Number(left) is { } x && Number(right) is { } y && x == y && (Whole(left) is not { } m || Whole(right) is not { } n || m == n);

    /// <summary>Below 0, 0 or above 0, as the first comes before the second, with it or after it.</summary>
    internal static int Order(TemplateRun run, TemplateValue left, TemplateValue right)
    {
        run.Step();
        switch (left, right)
        {
            case (TemplateUndefined, _):
                throw run.FailUndefined(left);
            case (_, TemplateUndefined):
                throw run.FailUndefined(right);
            case (TemplateString a, TemplateString b):
                run.Work(Math.Min(a.Value.Length, b.Value.Length));
                return TemplateStrings.Order(a.Value, b.Value);
            case (TemplateSequence a, TemplateSequence b) when a.Kind == b.Kind:
                for (int i = 0; i < a.Items.Length && i < b.Items.Length; i++)
                {
                    if (!AreEqual(run, a.Items[i], b.Items[i]))
                        return Order(run, a.Items[i], b.Items[i]);
                }

                return a.Items.Length.CompareTo(b.Items.Length);
        }

        if (Whole(left) is { } m && Whole(right) is { } n)
            return m.CompareTo(n);
        return Number(left) is { } x && Number(right) is { } y ? x.CompareTo(y) : throw run.Fail($"{left.TypeName} and {right.TypeName} have no order");
    }

    /// <summary>The places of values in their order; equal ones keep theirs, in reverse too.</summary>
    internal static int[] Sorted(TemplateRun run, TemplateValue[] values, bool reverse)
    {
        run.Charge(8L * values.Length);
        int[] order = [.. Enumerable.Range(0, values.Length)];
        try
        {
            Array.Sort(order, (a, b) => Order(run, values[a], values[b]) is var found && found != 0 ? (reverse ? -found : found) : a.CompareTo(b));
        }
        catch (InvalidOperationException e) when (e.InnerException is AnnealException inner)
        {
            // What a comparison throws comes wrapped.
            ExceptionDispatchInfo.Throw(inner);
        }

        return order;
    }

    internal static bool Contains(TemplateRun run, TemplateValue holder, TemplateValue value)
    {
        switch (holder)
        {
            case TemplateString text:
                if (value is not TemplateString part)
                    throw value is TemplateUndefined ? run.FailUndefined(value) : run.Fail($"'in' of a string needs a string on its left, found {value.TypeName}");
                run.Search(text.Value.Length, part.Value.Length);
                return text.Value.Contains(part.Value, StringComparison.Ordinal);
            case TemplateMap map:
                return TemplateKeys.CanBeKey(value) && map.Entries.ContainsKey(run.Key(value));
            case TemplateSequence or TemplateIterator or TemplateUndefined:
                return run.Items(holder).Any(item => AreEqual(run, item, value));
            default:
                throw run.Fail($"'in' needs a string, a list or a mapping on its right, found {holder.TypeName}");
        }
    }

    private static TemplateValue Repeat(TemplateRun run, TemplateValue value, long times)
    {
        times = Math.Max(times, 0);
        long length = value is TemplateString s ? s.Value.Length : ((TemplateSequence)value).Items.Length;
        long all = (long)Int128.Min((Int128)length * times, long.MaxValue / 16);
        run.Charge(value is TemplateString ? all : 8 * all);
        if (value is TemplateString text)
            return new TemplateString(string.Concat(Enumerable.Repeat(text.Value, length == 0 ? 0 : (int)times)));
        var sequence = (TemplateSequence)value;
        if (sequence.Kind is not (SequenceKind.List or SequenceKind.Tuple))
            throw run.Fail($"'*' does not go with {sequence.TypeName}");
        return run.List([.. Enumerable.Repeat(sequence.Items, length == 0 ? 0 : (int)times).SelectMany(items => items)], sequence.Kind);
    }

    private static TemplateValue Integers(TemplateRun run, BinaryOperator sign, long m, long n)
    {
        if (n == 0 && sign is BinaryOperator.Divide or BinaryOperator.FloorDivide or BinaryOperator.Remainder)
            throw run.Fail("a division by zero");
        checked
        {
            return sign switch
            {
                BinaryOperator.Add => new TemplateInteger(m + n),
                BinaryOperator.Subtract => new TemplateInteger(m - n),
                BinaryOperator.Multiply => new TemplateInteger(m * n),
                BinaryOperator.Divide => new TemplateFloat((double)m / n),

                // Rounded down, and a remainder with the sign of the divisor.
                BinaryOperator.FloorDivide => new TemplateInteger(m / n - (m % n != 0 && (m < 0) != (n < 0) ? 1 : 0)),
                BinaryOperator.Remainder => new TemplateInteger(n == -1 ? 0 : m % n != 0 && (m < 0) != (n < 0) ? m % n + n : m % n),
                _ => n < 0 ? Floats(run, sign, m, n) : new TemplateInteger(Power(m, n)),
            };
        }
    }

    private static long Power(long m, long n)
    {
        long result = 1;
        if (m is 0 or 1 or -1)
            return m == -1 && n % 2 == 0 ? 1 : n == 0 ? 1 : m;
        for (long i = 0; i < n; i++)
            result = checked(result * m);
        return result;
    }

    private static TemplateFloat Floats(TemplateRun run, BinaryOperator sign, double x, double y)
    {
        if (y == 0 && sign is BinaryOperator.Divide or BinaryOperator.FloorDivide or BinaryOperator.Remainder)
            throw run.Fail("a division by zero");
        return new TemplateFloat(sign switch
        {
            BinaryOperator.Add => x + y,
            BinaryOperator.Subtract => x - y,
            BinaryOperator.Multiply => x * y,
            BinaryOperator.Divide => x / y,
            BinaryOperator.FloorDivide => Math.Floor(x / y),
            BinaryOperator.Remainder => Remainder(x, y),
            _ => Math.Pow(x, y),
        });
    }

    private static double Remainder(double x, double y)
    {
        double remainder = x % y;
        return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder;
    }

    private static string Sign(BinaryOperator sign) => sign switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.FloorDivide => "//",
        BinaryOperator.Remainder => "%",
        _ => "**",
    };
}
