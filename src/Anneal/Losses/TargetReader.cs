namespace Anneal;

/// <summary>Copies targets into a graph's inputs without allocating.</summary>
internal static unsafe class TargetReader
{
    /// <summary>Converts to float32; a value outside of a range, or one that is not finite, is an error.</summary>
    internal static void ToFloat(TargetCopy copy, double low, double high, string loss)
    {
        float* to = (float*)copy.To.Pointer;
        long count = copy.From.Shape.ElementCount;
        bool isFloat = copy.From.DType == DType.Float32;
        float* from = (float*)copy.From.Pointer;
        for (long i = 0; i < count; i++)
        {
            float value = isFloat ? from[i] : (float)copy.From.GetDouble(i);

            // Written so that NaN fails too.
            if (!(value >= low && value <= high))
                throw OutOfRange(copy, i, low, high, loss);
            to[i] = value;
        }

        GC.KeepAlive(copy.From);
        GC.KeepAlive(copy.To);
    }

    /// <summary>Converts class numbers to int32; one that is neither a class nor the ignored number is an error.</summary>
    internal static void ToClasses(TargetCopy copy, long classes, long ignored, string loss)
    {
        int* to = (int*)copy.To.Pointer;
        long count = copy.From.Shape.ElementCount;
        for (long i = 0; i < count; i++)
        {
            long label = copy.From.DType == DType.Int64 ? ((long*)copy.From.Pointer)[i] : (long)copy.From.GetDouble(i);
            bool counts = label != ignored;
            if (counts && (label < 0 || label >= classes))
            {
                throw NoClass(copy.Describe(i), loss, classes, ignored, label);
            }

            // Any number that is no class stands for an ignored label in the graph.
            to[i] = counts ? (int)label : -1;
        }

        GC.KeepAlive(copy.From);
        GC.KeepAlive(copy.To);
    }

    private static LabelException OutOfRange(TargetCopy copy, long element, double low, double high, string loss)
    {
        string expected = double.IsFinite(low) && high < float.MaxValue ? FormattableString.Invariant($"a target from {low} to {high}") : "a finite target";
        return new LabelException(FormattableString.Invariant($"{copy.Describe(element)}: {loss} expects {expected}, but found {copy.From.GetDouble(element)}."));
    }

    internal static LabelException NoClass(string place, string loss, long classes, long ignored, long label) => new(FormattableString.Invariant(
        $"{place}: {loss} expects a label from 0 to {classes - 1} (or {ignored}, which is ignored), but found {label}."));
}
