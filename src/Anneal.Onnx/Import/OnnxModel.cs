namespace Anneal.Onnx;

/// <summary>
/// An ONNX graph as a model: it predicts, is trained, saved and nested like any other. Its weights are parameters with their names in the graph.
/// </summary>
/// <remarks>
/// As a model it takes and gives batches, examples along the first axis. A graph that was exported for a fixed number of examples is run as often as a batch
/// needs. <see cref="Infer"/> runs the graph just as the file describes it.
/// </remarks>
public sealed partial class OnnxModel : Model
{
    private const long OldestOpset = 7, NewestOpset = 26;
    private readonly OnnxFile _file;
    private readonly OnnxImportOptions _options;
    private readonly ExternalFiles? _external;
    private readonly Dictionary<OnnxTensor, OnnxValue> _constants = [];
    private readonly OrderedDictionary<string, (string Name, Variable Variable)> _variables = [];
    private readonly OnnxValueInfo[] _inputs;
    private readonly bool _hasExamples;
    private readonly Lock _compiling = new();
    private Program? _program;

    private OnnxModel(OnnxFile file, ExternalFiles? external, OnnxImportOptions options, bool isSaved = false)
    {
        (_file, _options, _external) = (file, options, external);
        _inputs = [.. OnnxSignature.InputsOf(file.Graph)];
        foreach (OnnxValueInfo input in _inputs)
        {
            if (OnnxTypes.Find(input.ElementType) is null)
                throw new ModelFileException(file.Name, $"input {ModelFileException.Quote(input.Name)}", "a tensor of a type that Anneal has", OnnxSignature.Show(input));
        }

        if (_inputs.Length == 0 || file.Graph.Outputs.Count == 0)
            throw new ModelFileException(file.Name, "the graph", "at least one input and one output", $"{_inputs.Length} and {file.Graph.Outputs.Count}");
        if (file.Opsets[""] is < OldestOpset or > NewestOpset)
            throw new ModelFileException(file.Name, "the version of ONNX's operators", $"{OldestOpset} to {NewestOpset}", $"{file.Opsets[""]}");
        OnnxOperators.RequireKnown(file);
        if (isSaved)
            TakeSavedValues();
        else
            TakeValues();
        TensorType[]? outputs = TryGraph();
        _hasExamples = outputs is not null;
        if (DeclaredInputs() is { } types)
            BuildAs(types, outputs!);
    }

    /// <summary>The names of the graph's inputs, in the order in which they are given.</summary>
    public IReadOnlyList<string> GraphInputs => [.. _inputs.Select(i => i.Name)];

    /// <summary>The names of the graph's outputs.</summary>
    public IReadOnlyList<string> GraphOutputs => [.. _file.Graph.Outputs.Select(o => o.Name)];

    /// <summary>Reads an ONNX file. Values in other files are read from the same folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ModelFileException">There is no such file, it is damaged, or it names values outside of its folder.</exception>
    /// <exception cref="OnnxOperatorException">An operator is not known, or in a form that Anneal does not have; it is named with its node.</exception>
    public static OnnxModel Import(string path, OnnxImportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = new FileInfo(path);
        if (!file.Exists)
            throw new ModelFileException(path, "the file", "an ONNX file", "no file of this name");
        if (file.Length > Array.MaxLength)
            throw new ModelFileException(path, "the file", "at most 2 GB, the limit of the format", $"{file.Length} bytes");
        return new OnnxModel(OnnxReader.Read(File.ReadAllBytes(path), path), new ExternalFiles(file.DirectoryName!), options ?? new OnnxImportOptions());
    }

    /// <summary>Reads an ONNX file that lies in memory.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="AnnealException">As for the other form. Values in other files are an error.</exception>
    public static OnnxModel Import(ReadOnlyMemory<byte> bytes, OnnxImportOptions? options = null) =>
        new(OnnxReader.Read(bytes, "the bytes"), null, options ?? new OnnxImportOptions());

    /// <summary>Runs the graph as the file describes it: no axis counts as the examples.</summary>
    /// <param name="inputs">A tensor for each input, in the order of <see cref="GraphInputs"/>.</param>
    /// <returns>A tensor for each output.</returns>
    /// <exception cref="AnnealException">The inputs do not fit; nothing has run.</exception>
    public TensorData[] Infer(params ReadOnlySpan<TensorData> inputs)
    {
        lock (_compiling)
            _program ??= Program.Compile(x => ApplyAll(x, RunGraph), new ProgramOptions { Name = "inference of " + Name });
        return _program.RunAll(inputs);
    }

    /// <summary>Declares the weights, whose values are there already.</summary>
    protected override void Build(Shape inputShape)
    {
        foreach ((string name, Variable variable) in _variables.Values)
            Declare(name, variable, new KeepValue());
    }

    internal override Tensor[] Run(Tensor[] inputs) => RunBatch(inputs);

    private protected override TensorType[]? DeclaredInputs()
    {
        if (!_hasExamples)
            return null;
        var types = new TensorType[_inputs.Length];
        for (int i = 0; i < types.Length; i++)
        {
            if (_inputs[i].Dimensions is not [_, .. var extents] || !extents.All(d => d.IsFixed))
                return null;
            types[i] = new TensorType(OnnxTypes.Find(_inputs[i].ElementType)!.Value, [.. extents.Select(d => d.Extent)]);
        }

        return types;
    }

    /// <summary>The graph on tensors just as they are.</summary>
    private Tensor[] RunGraph(Tensor[] inputs)
    {
        RequireInputs(inputs);
        Tensor[] outputs = new OnnxInterpreter(_file, ValueOf).Run(inputs);
        for (int i = 0; i < outputs.Length; i++)
            outputs[i] = AsDeclared(outputs[i], _file.Graph.Outputs[i]);
        return outputs;
    }

    /// <summary>
    /// An output as its declaration says, where the two differ by axes of extent 1: exporters declare such axes that their own nodes take away, and
    /// runtimes go by the declaration.
    /// </summary>
    private static Tensor AsDeclared(Tensor output, OnnxValueInfo declared)
    {
        if (declared.Dimensions is not { } dimensions || !dimensions.TrueForAll(d => d.IsFixed) || dimensions.Count > 64)
            return output;
        IEnumerable<long> extents = dimensions.Select(d => d.Extent);
        return dimensions.Count != output.Shape.Rank && extents.Where(e => e != 1).SequenceEqual(output.Shape.Where(e => e != 1)) ? output.Reshape(new Shape([.. extents])) : output;
    }

    private void RequireInputs(Tensor[] inputs)
    {
        if (inputs.Length != _inputs.Length)
            throw new ShapeException($"The graph {Name} takes {_inputs.Length} inputs ({string.Join(", ", GraphInputs)}), but {inputs.Length} were given.");
        var symbols = new Dictionary<string, long>();
        for (int i = 0; i < inputs.Length; i++)
        {
            OnnxValueInfo declared = _inputs[i];
            if (OnnxTypes.Find(declared.ElementType) != inputs[i].DType)
                throw new DTypeException($"The input {declared.Name} of the graph {Name} is {OnnxSignature.Show(declared)}, but {inputs[i].Type} was given.");
            if (declared.Dimensions is not { } dimensions)
                continue;
            bool fits = dimensions.Count == inputs[i].Shape.Rank;
            for (int axis = 0; fits && axis < dimensions.Count; axis++)
            {
                long extent = inputs[i].Shape[axis];
                fits = dimensions[axis].IsFixed ? dimensions[axis].Extent == extent
                    : dimensions[axis].Symbol.Length == 0 || symbols.TryAdd(dimensions[axis].Symbol, extent) || symbols[dimensions[axis].Symbol] == extent;
            }

            if (!fits)
                throw new ShapeException($"The input {declared.Name} of the graph {Name} is {OnnxSignature.Show(declared)}, but {inputs[i].Type} was given.");
        }
    }

    private OnnxValue ValueOf(OnnxTensor tensor)
    {
        if (tensor.Name.Length > 0 && _variables.TryGetValue(tensor.Name, out (string Name, Variable Variable) found) && _weights.Contains(tensor))
            return found.Variable.Read();
        lock (_constants)
        {
            if (!_constants.TryGetValue(tensor, out OnnxValue? value))
                _constants.Add(tensor, value = tensor.Read(_file.Name, _external));
            return value;
        }
    }

    private readonly HashSet<OnnxTensor> _weights = [];

    /// <summary>Makes variables of the weights and constants of the rest, and lets go of the file's bytes.</summary>
    private void TakeValues()
    {
        var values = new Dictionary<string, TensorData>();
        foreach (OnnxTensor tensor in _file.Graph.Initializers)
        {
            if (!values.TryAdd(tensor.Name, tensor.Read(_file.Name, _external)))
                throw tensor.Fail(_file.Name, "each initializer once", $"{ModelFileException.Quote(tensor.Name)} twice");
        }

        Dictionary<string, InitializerRole> roles = ParameterRoles.Of(_file, values, _options.IsParameter);
        var names = new SiblingNames();
        foreach (OnnxTensor tensor in _file.Graph.Initializers)
        {
            // Neither the file's bytes nor these values are kept beside those of the variable.
            values.Remove(tensor.Name, out TensorData? value);
            tensor.Raw = null;
            if (roles[tensor.Name] == InitializerRole.Constant)
            {
                _constants.Add(tensor, value!);
                continue;
            }

            string name = names.Make(NameOf(tensor.Name));
            Take(tensor, name, roles[tensor.Name] == InitializerRole.State ? new State(value!, name) : new Parameter(value!, name));
        }
    }

    private void Take(OnnxTensor tensor, string name, Variable variable)
    {
        _variables.Add(tensor.Name, (name, variable));
        _weights.Add(tensor);
    }

    /// <summary>A name of the graph as a name of a variable, which has no '/' and no white space.</summary>
    private static string NameOf(string name)
    {
        string clean = string.Concat(name.Select(c => c is '/' or ':' ? '.' : char.IsControl(c) || char.IsWhiteSpace(c) ? '_' : c)).Trim('.');
        return clean.Length == 0 ? "weight" : clean;
    }

    /// <summary>The value of a variable that had it before it was declared.</summary>
    private sealed record KeepValue : Initializer
    {
        internal override void Fill(TensorData data, ulong seed, ulong stream)
        {
        }

        internal override void WriteConfig(LayerConfig config) => throw new ModelException("The weights of an ONNX graph come from its file.");
    }
}
