namespace Anneal;

/// <summary>What is done with batches on the host before a program runs.</summary>
internal static unsafe class HostChecks
{
    internal static void Copy(TensorData from, TensorData to)
    {
        Buffer.MemoryCopy(from.Pointer, to.Pointer, to.Type.ByteCount, from.Type.ByteCount);
        GC.KeepAlive(from);
        GC.KeepAlive(to);
    }

    /// <summary>Makes sure that all indices of an input lie below a limit.</summary>
    /// <exception cref="InputException">One does not; the layer, the example and the value are named.</exception>
    internal static void RequireIndices(Batch batch, IndexCheck check)
    {
        TensorData data = batch.InputArray[check.Input];
        long count = data.Shape.ElementCount;
        for (long i = 0; i < count; i++)
        {
            long index = data.DType == DType.Int64 ? ((long*)data.Pointer)[i] : (long)data.GetDouble(i);
            if (index < check.Least || index >= check.Limit)
            {
                int example = batch.Indices[(int)(i / (count / batch.Count))];
                throw new InputException(FormattableString.Invariant(
                    $"Layer {check.Layer} expects indices from {check.Least} to {check.Limit - 1}, but found {index} in input {check.Input}, example {example}."));
            }
        }

        GC.KeepAlive(data);
    }

    /// <summary>
    /// Makes sure before the first step that every label of a data set is a class or the ignored number, where a label is one whole number
    /// for each example. Other targets are checked with their batch.
    /// </summary>
    /// <exception cref="LabelException">One is not; the example and the value are named.</exception>
    internal static void RequireLabels(Dataset data, Model model, TrainingSetup setup)
    {
        for (int i = 0; i < setup.Losses.Length; i++)
        {
            TensorType target = data.Targets[i];
            Loss loss = setup.Losses[i];
            if (loss.Targets != TargetKind.Labels || target.Shape.ElementCount != 1 || !target.DType.IsInteger())
                continue;
            long classes = model.RequireOutputTypes()[i].Shape[^1];
            long[] labels = data.Labels(i);
            for (int example = 0; example < labels.Length; example++)
                loss.RequireLabel(labels[example], classes, FormattableString.Invariant($"target {i} of the model {model.Name}, example {example}"));
        }
    }

    /// <summary>Makes sure that a data set has what a model takes and gives.</summary>
    /// <exception cref="DatasetException">It is empty, or has another number of inputs or targets.</exception>
    internal static void RequireFits(Dataset data, Model model, int targets)
    {
        if (data.Count == 0)
            throw new DatasetException($"The model {model.Name} needs at least 1 example, but the data set is empty.");
        if (model.InputTypes is { } inputs && !model.TakesInputs(data.Inputs.Count))
            throw new DatasetException($"The model {model.Name} takes {inputs.Count} inputs, but the data set has {data.Inputs.Count}.");
        if (targets > 0 && data.Targets.Count != targets)
            throw new DatasetException($"The model {model.Name} was compiled with {targets} losses, but the data set has {data.Targets.Count} targets.");
    }
}
