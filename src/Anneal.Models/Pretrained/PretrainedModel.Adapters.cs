namespace Anneal.Models;

/// <content>Adapters.</content>
public abstract partial class PretrainedModel
{
    private readonly List<LoraAdapter> _adapters = [];
    private Layer[] _frozenForAdapters = [];

    /// <summary>The adapters on this model.</summary>
    public IReadOnlyList<LoraAdapter> Adapters => _adapters;

    /// <summary>The adapter that the model computes with; null is none.</summary>
    public LoraAdapter? ActiveAdapter { get; private set; }

    internal override string FormKey => ActiveAdapter is null ? "" : AdapterFormScope.Of(this) switch
    {
        AdapterForm.Base => "",
        AdapterForm.Merged => "merged " + ActiveAdapter.FormKey,
        _ => ActiveAdapter.FormKey,
    };

    /// <summary>Options of a program of this model's own, which follows a change of adapters.</summary>
    /// <param name="what">What the program does.</param>
    /// <param name="cacheSize">How many shapes are kept compiled.</param>
    internal ProgramOptions ProgramOptions(string what, int cacheSize) => new() { Name = $"{what} of {Name}", CacheSize = cacheSize, Form = () => FormKey };

    /// <summary>
    /// Lets this thread compute without adapters until the result is disposed of, in programs that are traced meanwhile and in <c>Predict</c> and
    /// <c>Evaluate</c>. So a reference model needs no second copy: within one traced function, what is applied inside of the scope is the base model.
    /// </summary>
    public IDisposable WithoutAdapters() => new AdapterFormScope(this, AdapterForm.Base);

    /// <summary>
    /// The stages of the published names: what comes before the first numbered layer, each numbered layer, and what has no number behind it. With an
    /// adapter in use they have its parameters in the places of those that they change.
    /// </summary>
    private protected override IReadOnlyList<IReadOnlyList<Parameter>> Stages()
    {
        var first = new List<Parameter>();
        var last = new List<Parameter>();
        var numbered = new OrderedDictionary<string, List<Parameter>>();
        foreach (WeightEntry entry in Weights().Entries)
        {
            if (entry.Variable is Parameter parameter)
                StageOf(entry.Name).Add(parameter);
        }

        List<Parameter>[] stages = [first, .. numbered.Values, last];
        return ActiveAdapter is null
            ? stages
            : [.. stages.Select(s => (Parameter[])[.. ActiveAdapter.ParametersOfBases().Where(p => s.Contains(p.Base)).Select(p => p.Parameter)])];

        List<Parameter> StageOf(string name)
        {
            string[] parts = name.Split('.');
            int number = Array.FindIndex(parts, p => p.All(char.IsAsciiDigit));
            if (number < 0)
                return numbered.Count == 0 ? first : last;
            string key = string.Join('.', parts[..(number + 1)]);
            if (!numbered.TryGetValue(key, out List<Parameter>? stage))
                numbered.Add(key, stage = []);
            return stage;
        }
    }

    /// <summary>Takes an adapter up and uses it.</summary>
    internal void Take(LoraAdapter adapter)
    {
        ForgetSetup();
        if (_adapters.Count == 0)
        {
            // Layers, not parameters: a frozen normalization leaves its averages as they are too.
            _frozenForAdapters = [.. Layers.Where(l => l.Trainable)];
            Array.ForEach(_frozenForAdapters, l => l.Trainable = false);
        }

        Adopt(adapter.Layers);
        InitializeVariables(namesOnly: true);
        _adapters.Add(adapter);
        Use(adapter);
    }

    /// <summary>Uses an adapter, or none.</summary>
    internal void Use(LoraAdapter? adapter)
    {
        if (adapter == ActiveAdapter)
            return;
        ActiveAdapter?.Disconnect();
        adapter?.Connect();
        ActiveAdapter = adapter;
    }

    /// <summary>Takes an adapter off.</summary>
    internal void Release(LoraAdapter adapter)
    {
        ForgetSetup();
        if (ActiveAdapter == adapter)
            Use(null);
        Abandon(adapter.Layers);
        _adapters.Remove(adapter);
        if (_adapters.Count > 0)
            return;
        Array.ForEach(_frozenForAdapters, l => l.Trainable = true);
        _frozenForAdapters = [];
    }
}
