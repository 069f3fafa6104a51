using Anneal.Graphs;

namespace Anneal;

/// <summary>Prepares each run of a program on the host: writes values of variables that the program reads.</summary>
internal interface IBeforeRun
{
    /// <summary>Called before each run; must not allocate.</summary>
    void Prepare();

    /// <summary>Undoes a preparation, where the run is taken back as if it had not been.</summary>
    void TakeBack();
}

/// <summary>
/// The recording of one function of tensors into a graph. While a trace is open on a thread, operations record into it; outside of one
/// they are recorded lazily, to be compiled when a value is read.
/// </summary>
internal sealed class Trace : IDisposable
{
    [ThreadStatic]
    private static Trace? _current;

    private Trace? _previous;
    private readonly Dictionary<Variable, Tensor> _values = [];
    private readonly Dictionary<Variable, List<Tensor>> _reads = [];
    private readonly Dictionary<Tensor, Tensor> _captured = [];
    private readonly List<Tensor> _inputs = [];
    private readonly Stack<string> _path = new();
    private string? _layerPath;
    private readonly Dictionary<string, int> _streams = [];
    private readonly List<Variable> _assigned = [];
    private readonly List<Tensor> _captures = [];
    private bool _closed;

    /// <summary>Opens a trace on this thread.</summary>
    /// <param name="name">The name in messages.</param>
    /// <param name="training">Whether layers behave as in training.</param>
    /// <param name="isBody">Whether it records the body of an operation, such as a step of a scan: then it may use what lies around it.</param>
    internal Trace(string name, bool training, bool isBody = false)
    {
        Name = name;
        Training = training;
        IsBody = isBody;
        Outer = isBody ? _current : null;
        CallSite = Outer?.CallSite;
        _previous = _current;
        _current = this;
    }

    /// <summary>The trace that is open on this thread, or null.</summary>
    internal static Trace? Current => _current;

    internal string Name { get; }

    /// <summary>Whether layers behave as in training (dropout drops) or as in inference.</summary>
    internal bool Training { get; private set; }

    /// <summary>Lets layers of the trace on this thread behave as in inference until the result is disposed of: a reference beside what is trained drops nothing and moves no averages.</summary>
    internal static InferenceScope BeginInference() => new(_current);

    /// <summary>Whether this is the trace of a body, whose operation is recorded in <see cref="Outer"/>.</summary>
    internal bool IsBody { get; }

    /// <summary>The trace around a body; null where the operation is recorded lazily.</summary>
    internal Trace? Outer { get; }

    /// <summary>The tensors of the trace around a body that it uses, in the order of the inputs that stand for them, which come last.</summary>
    internal IReadOnlyList<Tensor> Captures => _captures;

    /// <summary>For inputs of a body, the tensor around it whose numbers they are: what is captured, and sequences of which they are elements.</summary>
    internal Dictionary<Tensor, Tensor> Sources { get; } = [];

    internal IReadOnlyList<Tensor> Inputs => _inputs;

    /// <summary>The variables that were assigned and their final values, in the order of first assignment.</summary>
    internal IReadOnlyList<(Variable Variable, Tensor Value)> Updates =>
        [.. _assigned.Select(v => (v, _values[v]))];

    /// <summary>The seed and step from which random operations of this trace draw, or null where there is none.</summary>
    internal Variable? RandomState { get; init; }

    /// <summary>What the host does before each run of the program, such as computing the numbers of the next step.</summary>
    internal List<IBeforeRun> BeforeRun { get; } = [];

    internal string LayerPath =>
        _layerPath ??= string.Join("/", Outer is { LayerPath.Length: > 0 } outer ? _path.Append(outer.LayerPath).Reverse() : _path.Reverse());

    /// <summary>Adds an argument of the traced function.</summary>
    internal Tensor AddInput(TensorType type, string name)
    {
        Tensor input = Node.Apply(new Input(_inputs.Count, name, type));
        _inputs.Add(input);
        return input;
    }

    /// <summary>The value of a variable at this point of the trace.</summary>
    internal Tensor Read(Variable variable)
    {
        if (_values.TryGetValue(variable, out Tensor? value))
            return value;
        value = IsBody ? CaptureOuter(ReadOutside(variable), null) : Node.Apply(new ReadVariable(variable));
        _values.Add(variable, value);
        _reads.Add(variable, [value]);
        return value;
    }

    /// <summary>Makes later reads of a variable see a new value, which becomes the variable's value when the program has run.</summary>
    internal void Assign(Variable variable, Tensor value)
    {
        if (IsBody)
        {
            throw new TraceException(
                $"The variable {variable.Name} is assigned inside of {Name}, which runs many times. "
                + "Hint: carry the value from step to step and assign the last one outside.");
        }

        value = Admit(this, value, null);
        if (value.Type != variable.Type)
            throw new ShapeException($"Cannot assign {value.Type} to the variable {variable.Name} of {variable.Type}.");

        // As in every framework, no gradient flows through an update: what follows sees a new leaf.
        value = value.StopGradient();
        _values[variable] = value;
        if (_reads.TryGetValue(variable, out List<Tensor>? reads))
            reads.Add(value);
        else
            _reads.Add(variable, [value]);
        if (!_assigned.Contains(variable))
            _assigned.Add(variable);
    }

    /// <summary>
    /// Makes later reads of a variable in this trace give a tensor, through which gradients flow; the variable itself stays as it is. So a
    /// layer is computed with weights that are arguments.
    /// </summary>
    internal void Bind(Variable variable, Tensor value)
    {
        value = Admit(this, value, null);
        if (value.Type != variable.Type)
            throw new ShapeException($"Cannot read {value.Type} for the variable {variable.Name} of {variable.Type}.");
        _values[variable] = value;
    }

    /// <summary>The value with which the variable enters this trace, or null where it is not read before it is assigned.</summary>
    internal Tensor? FirstRead(Variable variable) => Reads(variable).FirstOrDefault(r => r.Node.Op is ReadVariable);

    /// <summary>What reads of a variable gave, one for each value that it has had in this trace: what gradients are taken with respect to.</summary>
    internal IReadOnlyList<Tensor> Reads(Variable variable) => _reads.TryGetValue(variable, out List<Tensor>? reads) ? reads : [];

    /// <summary>Puts the name of a layer on the path of the nodes recorded until the result is disposed of.</summary>
    internal LayerScope Enter(string name)
    {
        _path.Push(name);
        _layerPath = null;
        return new LayerScope(this);
    }

    /// <summary>
    /// A stream of random numbers that no other call of this trace gets: it depends on the layer path, the use and the number of earlier
    /// calls with the same two, so adding a layer elsewhere does not change it.
    /// </summary>
    internal ulong NextStream(string use)
    {
        string key = LayerPath + ":" + use;
        int call = _streams.GetValueOrDefault(key);
        _streams[key] = call + 1;
        return StableHash.Of(key + ":" + call.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>The origin of the nodes that a gradient rule or a pass records: that of the node for which it works.</summary>
    internal Origin? DerivedFrom { get; set; }

    /// <summary>
    /// The user's line behind all that is recorded while only Anneal's own code runs; null where it must be found for each node, which takes
    /// longer than to record it.
    /// </summary>
    internal Origin? CallSite { get; private set; }

    internal Origin CaptureOrigin() => DerivedFrom ?? (CallSite is { } site ? site with { LayerPath = LayerPath } : Origin.Capture(LayerPath));

    /// <summary>Until disposed: own code that was called from the user's, or from other own code, or the user's code again.</summary>
    internal static CallSiteScope Within(bool isOwnCode)
    {
        if (Current is not { } trace)
            return default;
        var scope = new CallSiteScope(trace, trace.CallSite);
        trace.CallSite = isOwnCode ? trace.CallSite ?? Origin.Capture(trace.LayerPath) : null;
        return scope;
    }

    /// <summary>Makes a tensor usable in a trace (or lazily, with none), or says why it is not.</summary>
    internal static Tensor Admit(Trace? trace, Tensor tensor, Op? op)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        if (tensor.Node.Trace == trace)
            return tensor;
        if (trace is { IsBody: true, _closed: false })
            return trace.CaptureOuter(tensor, op);
        if (tensor.Node.Trace is { } foreign)
        {
            string use = op is null ? "" : $" by {op.Name}";
            string state = foreign._closed ? "which has ended" : "which is not the innermost open one";
            string here = trace is null ? "outside of any trace" : $"in the trace \"{trace.Name}\"";
            throw new TraceException(
                $"A tensor of the trace \"{foreign.Name}\", {state}, is used{use} {here}. It was recorded at: {tensor.Node.Origin}. "
                + "Hint: return it from the traced function, or keep it in a State.");
        }

        // A value from outside becomes a constant of the program.
        return trace!.Capture(tensor);
    }

    private Tensor ReadOutside(Variable variable)
    {
        using RewriteScope scope = Rewrite(Outer);
        return variable.Read();
    }

    /// <summary>A tensor from around the body becomes an input of it.</summary>
    private Tensor CaptureOuter(Tensor tensor, Op? op)
    {
        if (_captured.TryGetValue(tensor, out Tensor? captured))
            return captured;
        if (tensor.Node.Op is Constant constant)
            return _captured[tensor] = Node.Apply(constant);
        Tensor outside = AdmitOutside(tensor, op);
        if (!_captured.TryGetValue(outside, out captured))
        {
            captured = AddInput(outside.Type, $"captured {_captures.Count}");
            _captures.Add(outside);
            Sources[captured] = outside;
            _captured[outside] = captured;
        }

        return _captured[tensor] = captured;
    }

    private Tensor AdmitOutside(Tensor tensor, Op? op)
    {
        using RewriteScope scope = Rewrite(Outer);
        return Admit(Outer, tensor, op);
    }

    private Tensor Capture(Tensor tensor)
    {
        if (_captured.TryGetValue(tensor, out Tensor? captured))
            return captured;
        captured = tensor.Node.Op is Constant constant
            ? Node.Apply(constant)
            : Node.Apply(new Literal(tensor.Evaluate()));
        _captured.Add(tensor, captured);
        return captured;
    }

    /// <summary>Ends the recording; the tensors of the trace can no longer be used outside of its graph.</summary>
    public void Dispose()
    {
        if (_closed)
            return;
        _closed = true;
        _current = _previous;
        _previous = null;
    }

    /// <summary>Opens the trace again for a pass that rewrites its graph.</summary>
    internal static RewriteScope Rewrite(Trace? trace)
    {
        Trace? previous = _current;
        _current = trace;
        return new RewriteScope(previous);
    }

    /// <summary>Restores the path when a layer has been recorded.</summary>
    internal readonly ref struct LayerScope(Trace trace)
    {
        public void Dispose()
        {
            trace._path.Pop();
            trace._layerPath = null;
        }
    }

    /// <summary>Restores what was known of the user's line.</summary>
    internal readonly ref struct CallSiteScope(Trace? trace, Origin? before)
    {
        public void Dispose()
        {
            if (trace is not null)
                trace.CallSite = before;
        }
    }

    /// <summary>Restores the trace that was open before a rewrite.</summary>
    internal readonly ref struct RewriteScope(Trace? previous)
    {
        public void Dispose() => _current = previous;
    }

    /// <summary>Restores whether layers behave as in training.</summary>
    internal readonly ref struct InferenceScope
    {
        private readonly Trace? _trace;
        private readonly bool _before;

        internal InferenceScope(Trace? trace)
        {
            (_trace, _before) = (trace, trace is { Training: true });
            if (trace is not null)
                trace.Training = false;
        }

        public void Dispose()
        {
            if (_trace is not null)
                _trace.Training = _before;
        }
    }
}
