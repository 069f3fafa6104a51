using Anneal.Graphs;
using Anneal.Ops;

namespace Anneal.Testing;

/// <summary>A random program from a seed: operations of all kinds on a pool of tensors, with variables that it reads and updates.</summary>
internal sealed class RandomGraph
{
    private readonly int _seed;
    private readonly List<Tensor> _pool = [];
    private int _draws;

    private RandomGraph(int seed) => _seed = seed;

    /// <summary>Traces the program of a seed.</summary>
    /// <param name="seed">Each gives another program.</param>
    /// <param name="operations">How many operations to record.</param>
    /// <param name="variables">State that the program reads and updates; may be empty.</param>
    internal static Graph Trace(int seed, int operations, IReadOnlyList<State> variables)
    {
        var random = new RandomGraph(seed);
        TensorType[] inputs = Inputs();
        return Graph.Of($"random {seed}", inputs, x =>
        {
            random._pool.AddRange(x);
            random._pool.AddRange(variables.Select(v => v.Read()));
            for (int i = 0; i < operations; i++)
            {
                random.Grow();
                if (variables.Count > 0 && random.Pick(8) == 0)
                    random.Update(variables[random.Pick(variables.Count)]);
            }

            int outputs = 1 + random.Pick(3);
            return Enumerable.Range(0, outputs).Select(_ => random.AnyTensor()).Append(random._pool[^1]).ToArray();
        });
    }

    internal static TensorType[] Inputs() =>
        [new(DType.Float32, [4, 6]), new(DType.Float32, [6, 4]), new(DType.Float32, [4, 1]), new(DType.Float32, [2, 4, 6]), new(DType.Float32, Shape.Scalar)];

    private int Pick(int count) => (int)(Philox.Uniform((ulong)_seed, 5, 0, _draws++) * count);

    private Tensor AnyTensor() => _pool[Pick(_pool.Count)];

    private void Update(State variable)
    {
        Tensor? value = _pool.Where(t => t.Shape == variable.Shape).ElementAtOrDefault(Pick(4));
        if (value is not null)
            variable.Assign(value);
        _pool.Add(variable.Read());
    }

    private void Grow()
    {
        Tensor x = AnyTensor();
        Tensor? made = Pick(14) switch
        {
            0 => Tensor.Tanh(x),
            1 => Tensor.Relu(x),
            2 => Tensor.Sigmoid(x),
            3 => x * 0.5 + 0.25,
            4 or 5 or 6 => Binary(x),
            7 => x.Shape.Rank > 0 ? x.Sum([Pick(x.Shape.Rank)], keepAxes: Pick(2) == 0) * 0.2 : null,
            8 => x.Shape.Rank > 0 ? x.Max([Pick(x.Shape.Rank)], keepAxes: true) : null,
            9 => x.Shape.Rank > 1 ? x.Transpose() : null,
            10 => x.Shape.Rank > 0 ? x.Flip(Pick(x.Shape.Rank)) : null,
            11 => x.Shape.ElementCount % 2 == 0 ? x.Reshape(2, -1) : x.Flatten(),
            12 => Product(x),
            _ => x.Shape.Rank > 0 && x.Shape[0] > 1 ? x.Narrow(0, 1, x.Shape[0] - 1) : null,
        };

        if (made is { Shape.ElementCount: > 0 and < 5000 })
            _pool.Add(made);
    }

    private Tensor? Binary(Tensor x)
    {
        Tensor? y = _pool.Where(t => Shape.Broadcast(t.Shape, x.Shape) is { ElementCount: < 5000 }).ElementAtOrDefault(Pick(_pool.Count));
        return y is null ? null : Pick(4) switch
        {
            0 => x + y,
            1 => x - y,
            2 => Tensor.Tanh(x) * Tensor.Sigmoid(y),
            _ => Tensor.Select(x.GreaterThan(y), x, y),
        };
    }

    private Tensor? Product(Tensor x)
    {
        if (x.Shape.Rank < 2)
            return null;
        Tensor? y = _pool.Where(t => t.Shape.Rank == 2 && t.Shape[0] == x.Shape[^1]).ElementAtOrDefault(Pick(3));
        return y is null ? null : Tensor.Tanh(x.MatMul(y) * 0.3 + 0.1);
    }
}
