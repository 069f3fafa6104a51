using System.Globalization;

namespace Anneal.Data;

/// <summary>Labels as rows with a single 1.</summary>
public static unsafe class OneHot
{
    /// <summary>Turns integer labels into rows of zeros with a 1 at the place of the label.</summary>
    /// <param name="labels">Integers of any shape <c>[...]</c>, each from 0 to <paramref name="classes"/> - 1.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    /// <returns><c>float32[..., classes]</c>.</returns>
    /// <exception cref="DTypeException">The labels are not integers.</exception>
    /// <exception cref="DatasetException">A label is out of range.</exception>
    /// <exception cref="OptionException">There is no class.</exception>
    public static TensorData Encode(TensorData labels, int classes)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (classes < 1)
            throw new OptionException($"One-hot rows need at least 1 class, but {classes} were asked for.");
        if (!labels.DType.IsInteger())
            throw new DTypeException($"Labels are integers, but {labels.Type} was given.");
        var rows = new TensorData(DType.Float32, labels.Shape.Concat(classes));
        float* target = (float*)rows.Pointer;
        for (long i = 0; i < labels.Shape.ElementCount; i++)
        {
            // A double does not hold every int64, but those it rounds are far out of range.
            double label = labels.GetDouble(i);
            if (label < 0 || label >= classes)
            {
                throw new DatasetException(string.Create(
                    CultureInfo.InvariantCulture, $"Label {i} is {label}, but {classes} classes have labels 0 to {classes - 1}."));
            }

            target[i * classes + (long)label] = 1;
        }

        GC.KeepAlive(rows);
        return rows;
    }
}
