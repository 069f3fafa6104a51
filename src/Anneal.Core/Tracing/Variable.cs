namespace Anneal;

/// <summary>
/// A named value that outlives programs: read inside a trace it is the value that the program finds when it runs, and assigning to it
/// there updates it in place. Outside of a trace it gives and takes values directly.
/// </summary>
public abstract partial class Variable
{
    private TensorData? _storage;

    private protected Variable(TensorData value, string name)
        : this((value ?? throw new ArgumentNullException(nameof(value))).Type, name) => Copy(value, Storage);

    private protected Variable(TensorType type, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Name = name;
        Type = type;
    }

    /// <summary>The name in messages and files.</summary>
    public string Name { get; internal set; }

    /// <summary>The data type and shape; fixed.</summary>
    public TensorType Type { get; }

    /// <summary>The extents.</summary>
    public Shape Shape => Type.Shape;

    /// <summary>Counts the changes of the value, so that a lazy tensor notices that what it read is gone.</summary>
    internal long Version { get; private set; }

    /// <summary>
    /// The memory in which the value lives; programs read and write it in place. It is taken at the first use, so that a network whose shapes a
    /// file claims can be described and compared with the file before it costs memory.
    /// </summary>
    internal TensorData Storage => _storage ?? Interlocked.CompareExchange(ref _storage, new TensorData(Type), null) ?? _storage;

    /// <summary>A copy of the value, or a new value to copy in.</summary>
    /// <exception cref="ShapeException">The new value has another type or shape.</exception>
    /// <exception cref="TraceException">Inside a trace, where values are not known yet.</exception>
    public TensorData Value
    {
        get
        {
            RequireNoTrace("read");
            var copy = new TensorData(Type);
            Copy(Storage, copy);
            return copy;
        }

        set
        {
            ArgumentNullException.ThrowIfNull(value);
            RequireNoTrace("set");
            if (value.Type != Type)
                throw new ShapeException($"The variable {Name} holds {Type}; it cannot take {value.Type}.");
            Copy(value, Storage);
            Version++;
        }
    }

    /// <summary>The value as a tensor to compute with.</summary>
    public Tensor Read() => Substitute?.Read() ?? (Trace.Current is { } trace ? trace.Read(this) : Tensor.ReadLazily(this));

    /// <summary>What computations see in the place of this variable; null is the variable itself. Values, updates and files are always its own.</summary>
    internal Substitute? Substitute { get; set; }

    /// <summary>Gives the variable a new value: inside a trace when the program runs, outside at once.</summary>
    /// <exception cref="ShapeException">The value has another type or shape.</exception>
    public void Assign(Tensor value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (Trace.Current is { } trace)
            trace.Assign(this, value);
        else
            Value = value.Evaluate();
    }

    /// <summary>The value as a tensor to compute with.</summary>
    public static implicit operator Tensor(Variable variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        return variable.Read();
    }

    internal void MarkChanged() => Version++;

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Type}";

    private void RequireNoTrace(string what)
    {
        if (Trace.Current is { } trace)
        {
            throw new TraceException(
                $"The value of {Name} cannot be {what} inside the trace \"{trace.Name}\": it is known only when the program runs. "
                + "Hint: compute with the variable itself, and use Assign to change it.");
        }
    }

    private static unsafe void Copy(TensorData from, TensorData to)
    {
        Buffer.MemoryCopy(from.Pointer, to.Pointer, to.Type.ByteCount, from.Type.ByteCount);
        GC.KeepAlive(from);
        GC.KeepAlive(to);
    }
}

/// <summary>A variable that training changes: a weight or a bias.</summary>
public sealed class Parameter : Variable
{
    /// <summary>Makes a parameter with a first value, which is copied.</summary>
    public Parameter(TensorData value, string name = "parameter") : base(value, name)
    {
    }

    /// <summary>Makes a parameter of zeros.</summary>
    public Parameter(Shape shape, string name = "parameter", DType dtype = DType.Float32) : base(new TensorType(dtype, shape), name)
    {
    }

    /// <summary>Whether training may change it; a frozen parameter gets no gradient in Fit.</summary>
    public bool Trainable { get; set; } = true;

    /// <summary>
    /// Whether an optimizer changes only the rows (slices of the first axis) that have a gradient in the step, an element of which is not 0;
    /// such is the table of an embedding with <c>lazyUpdate</c>.
    /// </summary>
    public bool UpdatesLazily { get; internal set; }

    /// <summary>What every update by an optimizer is followed by in the same step, such as a limit of the norm; null for nothing.</summary>
    public Func<Tensor, Tensor>? Constraint { get; set; }

    /// <summary>The product of a tensor <c>[..., inputs]</c> with this kernel <c>[inputs, outputs]</c>, as layers compute it.</summary>
    internal Tensor Multiply(Tensor left) => Substitute?.Multiply(left) ?? left.MatMul(Read());
}

/// <summary>A variable that is kept but not trained: running statistics, an optimizer's slots, the random step.</summary>
public sealed class State : Variable
{
    /// <summary>Makes a state with a first value, which is copied.</summary>
    public State(TensorData value, string name = "state") : base(value, name)
    {
    }

    /// <summary>Makes a state of zeros.</summary>
    public State(Shape shape, string name = "state", DType dtype = DType.Float32) : base(new TensorType(dtype, shape), name)
    {
    }
}
