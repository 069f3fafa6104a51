using System.Runtime.CompilerServices;
using Anneal.Execution;
using Anneal.Graphs;

namespace Anneal;

/// <summary>How a function of tensors is compiled.</summary>
public sealed record ProgramOptions
{
    /// <summary>The name in messages.</summary>
    public string Name { get; init; } = "program";

    /// <summary>Whether layers behave as in training: dropout drops, for example.</summary>
    public bool Training { get; init; }

    /// <summary>The seed of random operations in the function; null where it has none. At least 0.</summary>
    public int? Seed { get; init; }

    /// <summary>Where the program runs; null is <see cref="Device.Default"/>.</summary>
    public Device? Device { get; init; }

    /// <summary>How many shapes of inputs are kept compiled; the one used longest ago goes first.</summary>
    public int CacheSize { get; init; } = 16;

    /// <summary>Names the form in which the function computes at the moment, where it can change: each is compiled apart. Null where there is one.</summary>
    internal Func<string>? Form { get; init; }
}

/// <summary>
/// A function of tensors, compiled whole: forward, gradients and updates run as one list of prepared kernels. It is specialised for each
/// set of input shapes when it first meets them. Variables that the function assigns are updated by every run.
/// </summary>
public sealed class Program
{
    private readonly Func<Tensor[], IReadOnlyList<Tensor>> _function;
    private readonly ProgramOptions _options;
    private readonly State? _randomState;
    private readonly Dictionary<string, (CompiledGraph Compiled, long LastUse)> _cache = [];
    private readonly Lock _lock = new();
    private readonly Lock _updating = new();
    private long _uses;

    private Program(Func<Tensor[], IReadOnlyList<Tensor>> function, ProgramOptions? options)
    {
        ArgumentNullException.ThrowIfNull(function);
        _function = function;
        _options = options ?? new ProgramOptions();
        if (_options.CacheSize < 1)
            throw new OptionException($"{nameof(ProgramOptions.CacheSize)} must be at least 1, not {_options.CacheSize}.");
        if (_options.Seed is < 0)
            throw new OptionException($"{nameof(ProgramOptions.Seed)} must be at least 0, not {_options.Seed}.");
        if (_options.Seed is { } seed)
            _randomState = new State(TensorData.From<long>([seed, 0]), "random");
    }

    /// <summary>Compiles a function of any number of tensors with any number of results.</summary>
    public static Program Compile(Func<Tensor[], IReadOnlyList<Tensor>> function, ProgramOptions? options = null) => new(function, options);

    /// <summary>Compiles a function of no arguments with one result.</summary>
    public static Program Compile(Func<Tensor> function, ProgramOptions? options = null) => new(_ => [function()], options);

    /// <summary>Compiles a function of one tensor with one result.</summary>
    [OverloadResolutionPriority(1)]
    public static Program Compile(Func<Tensor, Tensor> function, ProgramOptions? options = null) => new(x => [function(Take(x, 1)[0])], options);

    /// <summary>Compiles a function of two tensors with one result.</summary>
    public static Program Compile(Func<Tensor, Tensor, Tensor> function, ProgramOptions? options = null) =>
        new(x => [function(Take(x, 2)[0], x[1])], options);

    /// <summary>Compiles a function of three tensors with one result.</summary>
    public static Program Compile(Func<Tensor, Tensor, Tensor, Tensor> function, ProgramOptions? options = null) =>
        new(x => [function(Take(x, 3)[0], x[1], x[2])], options);

    /// <summary>Runs the program and returns the result, or the first of several. Safe to call from several threads.</summary>
    /// <exception cref="AnnealException">The inputs do not fit the function; nothing has run.</exception>
    public TensorData Run(params ReadOnlySpan<TensorData> inputs)
    {
        if (CompileFor(inputs).Graph.Outputs.Length == 0)
            throw new TraceException($"The program \"{_options.Name}\" has no result. Hint: use {nameof(RunAll)}.");
        return RunAll(inputs)[0];
    }

    /// <summary>Runs the program and returns all of its results. Safe to call from several threads; runs that change variables come one after another.</summary>
    /// <exception cref="AnnealException">The inputs do not fit the function; nothing has run.</exception>
    public unsafe TensorData[] RunAll(params ReadOnlySpan<TensorData> inputs)
    {
        CompiledGraph compiled = CompileFor(inputs);
        ProgramContext context = compiled.Rent();
        CopyInputs(inputs, context);
        if (compiled.Graph.Updates.Length == 0)
        {
            context.Run();
        }
        else
        {
            // Runs that change variables, the random step among them, come one after another.
            lock (_updating)
                context.Run();
        }

        var results = new TensorData[context.Outputs.Length];
        for (int i = 0; i < results.Length; i++)
        {
            TensorData output = context.Outputs[i];
            results[i] = new TensorData(output.Type);
            Buffer.MemoryCopy(output.Pointer, results[i].Pointer, output.Type.ByteCount, output.Type.ByteCount);
        }

        compiled.Return(context);
        return results;
    }

    /// <summary>
    /// Runs the program several times and measures each kernel: time, bytes, arithmetic operations and how near that is to what the machine
    /// can do. Variables that the program changes have their old values afterwards.
    /// </summary>
    /// <param name="inputs">What it runs on; as for <see cref="RunAll"/>.</param>
    /// <exception cref="AnnealException">The inputs do not fit the function, or the device has no kernels to measure; nothing has run.</exception>
    public Profile Profile(params ReadOnlySpan<TensorData> inputs)
    {
        const int Runs = 20;
        CompiledGraph compiled = CompileFor(inputs);
        ProgramContext context = compiled.Rent();
        CopyInputs(inputs, context);
        Profile profile;
        lock (_updating)
            profile = Profiler.Measure(compiled, context, Runs);
        compiled.Return(context);
        return profile;
    }

    private static unsafe void CopyInputs(ReadOnlySpan<TensorData> inputs, ProgramContext context)
    {
        for (int i = 0; i < inputs.Length; i++)
            Buffer.MemoryCopy(inputs[i].Pointer, context.Inputs[i].Pointer, inputs[i].Type.ByteCount, inputs[i].Type.ByteCount);
        GC.KeepAlive(inputs.ToArray());
    }

    /// <summary>The compiled form for inputs of these types, from the cache or made now.</summary>
    internal CompiledGraph CompileFor(ReadOnlySpan<TensorData> inputs)
    {
        var types = new TensorType[inputs.Length];
        for (int i = 0; i < types.Length; i++)
        {
            ArgumentNullException.ThrowIfNull(inputs[i]);
            types[i] = inputs[i].Type;
        }

        string key = string.Join(";", types) + _options.Form?.Invoke();
        lock (_lock)
        {
            if (!_cache.TryGetValue(key, out (CompiledGraph Compiled, long LastUse) entry))
            {
                Graph graph = Graph.Of(_options.Name, types, _function, _options.Training, _randomState);
                entry.Compiled = CompiledGraph.Compile(graph, _options.Device);
                if (_cache.Count >= _options.CacheSize)
                    _cache.Remove(_cache.MinBy(e => e.Value.LastUse).Key);
            }

            _cache[key] = (entry.Compiled, ++_uses);
            return entry.Compiled;
        }
    }

    private static Tensor[] Take(Tensor[] arguments, int count) => arguments.Length == count
        ? arguments
        : throw new ShapeException($"The program takes {count} inputs, got {arguments.Length}.");
}
