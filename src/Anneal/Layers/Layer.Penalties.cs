namespace Anneal;

/// <content>Regularizers, constraints and losses, for every kind of layer.</content>
public abstract partial class Layer
{
    private const string Kernel = "kernel", Bias = "bias";
    private readonly Dictionary<string, Regularizer> _regularizers = [];
    private readonly Dictionary<string, Constraint> _constraints = [];
    private Regularizer? _activityRegularizer;

    /// <summary>
    /// Penalties of parameters by the parameter's name in the layer, such as <c>kernel</c>, or by its path where a layer inside of this one declares it,
    /// such as <c>query/kernel</c> of <see cref="MultiHeadAttention"/>. They enter the loss of training and of evaluation once for each parameter, however
    /// often the layer is applied.
    /// </summary>
    /// <remarks>
    /// A name without a parameter is an <see cref="OptionException"/> when the layer is built, and so is a parameter that has another penalty already.
    /// </remarks>
    public IReadOnlyDictionary<string, Regularizer> Regularizers
    {
        get => _regularizers;
        init => SetAll(_regularizers, value);
    }

    /// <summary>
    /// Conditions that parameters meet after every step, by the parameter's name in the layer, such as <c>kernel</c>, or by its path where a layer inside
    /// of this one declares it, such as <c>query/kernel</c>.
    /// </summary>
    /// <remarks>
    /// A name without a parameter is an <see cref="OptionException"/> when the layer is built, and so is a parameter that has another condition already.
    /// </remarks>
    public IReadOnlyDictionary<string, Constraint> Constraints
    {
        get => _constraints;
        init => SetAll(_constraints, value);
    }

    /// <summary>The penalty of the parameter <c>kernel</c>; null is none.</summary>
    public Regularizer? KernelRegularizer
    {
        get => _regularizers.GetValueOrDefault(Kernel);
        init => Set(_regularizers, Kernel, value);
    }

    /// <summary>The penalty of the parameter <c>bias</c>; null is none.</summary>
    public Regularizer? BiasRegularizer
    {
        get => _regularizers.GetValueOrDefault(Bias);
        init => Set(_regularizers, Bias, value);
    }

    /// <summary>The condition that the parameter <c>kernel</c> meets after every step; null is none.</summary>
    public Constraint? KernelConstraint
    {
        get => _constraints.GetValueOrDefault(Kernel);
        init => Set(_constraints, Kernel, value);
    }

    /// <summary>The condition that the parameter <c>bias</c> meets after every step; null is none.</summary>
    public Constraint? BiasConstraint
    {
        get => _constraints.GetValueOrDefault(Bias);
        init => Set(_constraints, Bias, value);
    }

    /// <summary>The penalty of the layer's outputs, divided by the number of examples, at each application; null is none.</summary>
    public Regularizer? ActivityRegularizer
    {
        get => _activityRegularizer;
        init => _activityRegularizer = value;
    }

    /// <summary>
    /// What this layer and those inside of it add to the loss of the function that is being traced, each without axes: the penalties of parameters
    /// that exist by now, those of activities, and what was given to <see cref="AddLoss"/>. <c>Fit</c> and <c>Evaluate</c> add them by themselves.
    /// </summary>
    /// <exception cref="TraceException">Outside of a traced function.</exception>
    public IReadOnlyList<Tensor> Losses
    {
        get
        {
            Trace trace = Trace.Current ?? throw new TraceException(
                $"The losses of the layer {Name} belong to a traced function. Hint: read {nameof(Losses)} within Program.Compile, after applying the layer.");
            IEnumerable<Tensor> penalties = NamedVariables()
                .Where(v => v.Declaration.Regularizer is not null)
                .Select(v => v.Declaration.Regularizer!.Penalty(v.Variable));
            return [.. penalties, .. AddedLosses.Of(trace, this)];
        }
    }

    /// <summary>Adds to the loss, from within <see cref="Call"/>. Lazily, outside of a traced function, there is no loss and nothing happens.</summary>
    /// <remarks>What a <see cref="RecurrentCell"/> or a layer within it adds counts once for each step, whatever masks say.</remarks>
    /// <param name="loss">A float32 tensor without axes.</param>
    /// <exception cref="TraceException">The layer is applied in the body of <see cref="Tensor.Scan"/>, which no loss leaves.</exception>
    /// <exception cref="ShapeException">The tensor has axes.</exception>
    /// <exception cref="DTypeException">The tensor is not float32.</exception>
    public void AddLoss(Tensor loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (loss.Shape.Rank != 0)
            throw new ShapeException($"Layer {Path} adds a loss of shape {loss.Shape}; expected one without axes. Hint: take the sum or the mean.");
        if (loss.DType != DType.Float32)
            throw new DTypeException($"Layer {Path} adds a loss of {loss.DType.Name()}; expected float32.");
        AddedLosses.Add(this, loss);
    }

    internal void WritePenalties(LayerConfig stored)
    {
        WriteAll("regularizers", _regularizers, Regularizer.Write);
        WriteAll("constraints", _constraints, Constraint.Write);
        if (ActivityRegularizer is not null)
            stored.SetPart("activityRegularizer", Regularizer.Write(ActivityRegularizer));

        void WriteAll<T>(string name, Dictionary<string, T> values, Func<T, LayerConfig> write)
        {
            if (values.Count == 0)
                return;
            var part = new LayerConfig(Name);
            foreach ((string variable, T value) in values.OrderBy(v => v.Key, StringComparer.Ordinal))
                part.SetPart(variable, write(value));
            stored.SetPart(name, part);
        }
    }

    internal void ReadPenalties(LayerConfig stored)
    {
        ReadAll("regularizers", _regularizers, Regularizer.Read);
        ReadAll("constraints", _constraints, Constraint.Read);
        if (stored.Contains("activityRegularizer"))
            _activityRegularizer = Regularizer.Read(stored.Part("activityRegularizer"));

        void ReadAll<T>(string name, Dictionary<string, T> values, Func<LayerConfig, T> read)
        {
            if (!stored.Contains(name))
                return;
            LayerConfig part = stored.Part(name);
            foreach (string variable in part.Values.Select(v => v.Key).ToArray())
                values[variable] = read(part.Part(variable));
        }
    }

    /// <summary>Gives parameters of layers inside of this one their penalties and conditions, once all are declared, and makes sure that each names one.</summary>
    private void EquipInside()
    {
        if (_regularizers.Count + _constraints.Count == 0)
            return;
        var found = new List<NamedVariable>();
        Collect("", trainable: true, found, []);
        NamedVariable[] parameters = [.. found.Where(v => v.Variable is Parameter)];
        foreach ((string name, Regularizer regularizer) in _regularizers)
        {
            LayerVariable declared = Named(name).Declaration;
            if (declared.Regularizer is { } other && other != regularizer)
                throw Twice(name, "regularizer");
            declared.Regularizer = regularizer;
        }

        foreach ((string name, Constraint constraint) in _constraints)
        {
            NamedVariable variable = Named(name);
            var parameter = (Parameter)variable.Variable;
            if (variable.Declaration.Constraint is { } other && other != constraint)
                throw Twice(name, "constraint");
            constraint.RequireFits(parameter.Shape, $"{Path}/{name}");
            (variable.Declaration.Constraint, parameter.Constraint) = (constraint, constraint.Apply);
        }

        NamedVariable Named(string name)
        {
            if (parameters.FirstOrDefault(v => v.Name == name) is { } variable)
                return variable;
            string known = string.Join(", ", parameters.Select(v => v.Name));
            throw new OptionException(
                $"Layer {Path} has a regularizer or a constraint for '{name}', but no parameter of that name; it has {(known.Length == 0 ? "none" : known)}.");
        }

        OptionException Twice(string name, string what) => new(
            $"Layer {Path} has a {what} for '{name}', but the layer that declares the parameter has another one. Hint: give it at one place.");
    }

    /// <summary>Gives a parameter that is being declared its penalty and its condition.</summary>
    private void Equip(LayerVariable declared)
    {
        declared.Regularizer = _regularizers.GetValueOrDefault(declared.Name);
        if (declared.Variable is Parameter parameter && _constraints.GetValueOrDefault(declared.Name) is { } constraint)
        {
            constraint.RequireFits(parameter.Shape, $"{Path}/{declared.Name}");
            (declared.Constraint, parameter.Constraint) = (constraint, constraint.Apply);
        }
    }

    private void AddActivityLoss(Tensor[] outputs)
    {
        if (ActivityRegularizer is not { } regularizer)
            return;
        foreach (Tensor output in outputs)
        {
            Require.Floating(output, this);
            AddLoss(regularizer.Penalty(output) / (output.Shape.Rank == 0 ? 1 : Math.Max(1, output.Shape[0])));
        }
    }

    private static void SetAll<T>(Dictionary<string, T> values, IReadOnlyDictionary<string, T> given) where T : class
    {
        ArgumentNullException.ThrowIfNull(given);
        foreach ((string name, T value) in given)
            Set(values, name, value);
    }

    private static void Set<T>(Dictionary<string, T> values, string name, T? value) where T : class
    {
        if (value is null)
            values.Remove(name);
        else
            values[name] = value;
    }
}
