namespace Anneal.Models;

/// <content>The adapter and the model as one.</content>
public sealed partial class LoraAdapter
{
    /// <summary>
    /// Puts the adapter into the model's own weights, W + scale · A·B, and takes it off: the model computes the same, up to rounding, at the cost of
    /// the base model. The base weights are gone then. <see cref="Merge(IEnumerable{ParitySample}, ParityTolerance?)"/> compares both first.
    /// </summary>
    /// <exception cref="AdapterException">The adapter is not the active one, another one is on the model, or a merged weight is not finite; nothing has changed.</exception>
    /// <exception cref="ModelException">The model has averaged weights in place.</exception>
    public void Merge() => Merge(() => { });

    /// <summary>As <see cref="Merge()"/>, after the merged model has been compared with the model and its adapter apart.</summary>
    /// <param name="samples">What both are given; gone through once.</param>
    /// <param name="tolerance">What is allowed; null for the defaults.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="ParityException">They lie further apart than is allowed; nothing has changed.</exception>
    /// <exception cref="AdapterException">As for the other form; nothing has changed.</exception>
    /// <exception cref="AnnealException">As for <see cref="Parity.Check(Model, Model, IEnumerable{ParitySample}, ParityTolerance?)"/>; nothing has changed.</exception>
    public ParityCertificate Merge(IEnumerable<ParitySample> samples, ParityTolerance? tolerance = null)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ParityCertificate? certificate = null;
        Merge(() =>
        {
            Func<IReadOnlyList<TensorData>, IReadOnlyList<TensorData>> adapted = Parity.OutputsOf(Model);
            certificate = Parity.CheckAll(adapted, Merged, samples, tolerance);
            if (!certificate.Passed)
                throw new ParityException($"Merging the adapter {Name}", certificate);

            IReadOnlyList<TensorData> Merged(IReadOnlyList<TensorData> inputs)
            {
                using var scope = new AdapterFormScope(Model, AdapterForm.Merged);
                return adapted(inputs);
            }
        });
        return certificate!;
    }

    /// <summary>
    /// Saves the model with the adapter in its weights, as transformers saves models, and beside it the certificate <c>parity.json</c>. The files are
    /// written to <c>FOLDER.part</c>, loaded again and compared with the model and its adapter apart; only then do they take their places. The model
    /// and the adapter stay as they are.
    /// </summary>
    /// <param name="folder">Where to; made where there is none.</param>
    /// <param name="samples">What both forms are given; gone through once.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="ParityException">What the files hold lies further from the original than the tolerance allows; the folder is as it was.</exception>
    /// <exception cref="AdapterException">The adapter is not the active one, or a merged weight is not finite.</exception>
    /// <exception cref="ModelFileException">The folder holds a model as Anneal saves it, whose files have the same names.</exception>
    /// <exception cref="OptionException">An option is out of range, or there is nothing to compare.</exception>
    public ParityCertificate SaveMerged(string folder, IEnumerable<ParitySample> samples, CheckedSaveOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(samples);
        RequireActive();
        Dictionary<Variable, State>? merged = null;
        return Model.WriteChecked(folder, samples, options ?? new CheckedSaveOptions(), e => WithAdapter(e, merged ??= MergeKernels()), $"Saving {Model.Name} with the adapter {Name}");
    }

    /// <summary>Computes merged kernels, checks them, and puts them in the places of the plain ones.</summary>
    private void Merge(Action check)
    {
        RequireActive();
        if (Model.Adapters.FirstOrDefault(a => a != this) is { } other)
            throw new AdapterException($"The model {Model.Name} has the adapter {other.Name} too, which would lie on other weights than it was made for. Hint: detach it first.");
        _merged = MergeKernels();
        try
        {
            check();
            Dictionary<Variable, State> merged = _merged;
            Model.Release(this);
            foreach (LoraModule module in _modules)
                module.Kernel.Value = merged[module.Kernel].Value;
            foreach ((WeightEntry source, Parameter copy) in _copies)
                source.Variable.Value = copy.Value;
        }
        finally
        {
            _merged = null;
        }
    }

    private Dictionary<Variable, State> MergeKernels()
    {
        var merged = new Dictionary<Variable, State>(_modules.Length);
        foreach (LoraModule module in _modules)
        {
            var kernel = new State(module.Merged().Evaluate(), module.Kernel.Name);
            foreach (float value in kernel.Storage.AsSpan<float>())
            {
                if (!float.IsFinite(value))
                    throw new AdapterException($"The adapter {Name}: the merged weights of {module.Name} are not all finite. Hint: an all-zero column of the kernel has no direction for DoRA, and a training that diverged leaves such values.");
            }

            merged.Add(module.Kernel, kernel);
        }

        return merged;
    }

    private WeightEntry WithAdapter(WeightEntry entry, Dictionary<Variable, State> merged)
    {
        if (merged.TryGetValue(entry.Variable, out State? kernel))
            return new WeightEntry(entry.Name, kernel, entry.Layout);
        foreach ((WeightEntry source, Parameter copy) in _copies)
        {
            if (source.Variable == entry.Variable)
                return new WeightEntry(entry.Name, copy, entry.Layout);
        }

        return entry;
    }

    private void RequireActive()
    {
        RequireAttached();
        if (!IsActive)
            throw new AdapterException($"The adapter {Name} is not the one that the model {Model.Name} computes with. Hint: call {nameof(Activate)} first.");
    }
}
