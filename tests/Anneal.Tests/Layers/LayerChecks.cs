using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>What tests of layers share.</summary>
internal static class LayerChecks
{
    /// <summary>A tensor of numbers between -1 and 1, the same at every call.</summary>
    internal static Tensor Numbers(Shape shape, int seed = 1) =>
        Tensor.From(Values.ToData(Values.Uniform(shape.ElementCount, -1, 1, seed), new TensorType(DType.Float32, shape)));

    /// <summary>A tensor with a mask <c>[batch, time]</c>.</summary>
    internal static Tensor Masked(Tensor tensor, bool[,] mask)
    {
        Masks.Attach(tensor, Tensor.From(mask));
        return tensor;
    }

    /// <summary>The mask of a tensor row by row, 1 where a step counts, such as <c>1100</c>; null where there is none.</summary>
    internal static string? MaskOf(Tensor tensor) =>
        Masks.Of(tensor) is { } mask ? string.Concat(mask.ToArray<bool>().Select(counts => counts ? '1' : '0')) : null;

    /// <summary>The mask of a layer's output for an input of zeros with a mask.</summary>
    internal static string? MaskAfter(Layer layer, Shape shape, bool[,] mask) => MaskOf(layer.Apply(Masked(Tensor.Zeros(shape), mask)));

    internal static void AssertClose(Tensor expected, Tensor actual, double tolerance = 1e-5)
    {
        TensorData a = expected.Evaluate(), b = actual.Evaluate();
        Comparer.AssertClose(a.Shape, Values.ToDoubles(a), b.Shape, Values.ToDoubles(b), new Tolerance(tolerance, 0), "output");
    }

    /// <summary>Gives a parameter of a built layer the values of a tensor of equally many elements.</summary>
    internal static void Set(Parameter? parameter, Tensor value) => parameter!.Value = value.Reshape(parameter.Shape).Evaluate();

    /// <summary>Fails unless an action throws an exception whose message has all of these words.</summary>
    internal static T Says<T>(Action action, params string[] words) where T : Exception
    {
        T exception = Assert.Throws<T>(action);
        Assert.All(words, w => Assert.Contains(w, exception.Message, StringComparison.Ordinal));
        return exception;
    }
}
