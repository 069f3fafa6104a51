namespace Anneal;

/// <content>Options that every optimizer has.</content>
public abstract partial class Optimizer
{
    private ParameterGroup[] _groups = [];
    private double? _clipValue, _clipNorm, _globalClipNorm, _averageMomentum;

    /// <summary>Parameters with a learning rate or a weight decay of their own. Each pattern must match a parameter.</summary>
    public IReadOnlyList<ParameterGroup> Groups
    {
        get => _groups;
        init
        {
            ArgumentNullException.ThrowIfNull(value);
            _groups = [.. value];
        }
    }

    /// <summary>Each element of a gradient is moved into ± this; null does not clip. Only one way of clipping can be chosen.</summary>
    /// <exception cref="OptionException">The value is not a finite number above 0.</exception>
    public double? ClipValue
    {
        get => _clipValue;
        init => _clipValue = Above0(value, nameof(ClipValue));
    }

    /// <summary>Each gradient whose norm is larger is scaled to about this norm; null does not clip. Only one way of clipping can be chosen.</summary>
    /// <exception cref="OptionException">The value is not a finite number above 0.</exception>
    public double? ClipNorm
    {
        get => _clipNorm;
        init => _clipNorm = Above0(value, nameof(ClipNorm));
    }

    /// <summary>
    /// The norm of all gradients together is kept to about this, as <c>clip_grad_norm_</c>: they are scaled by min(1, limit / (norm + 1e-6)); null
    /// does not clip. Only one way of clipping can be chosen.
    /// </summary>
    /// <exception cref="OptionException">The value is not a finite number above 0.</exception>
    public double? GlobalClipNorm
    {
        get => _globalClipNorm;
        init => _globalClipNorm = Above0(value, nameof(GlobalClipNorm));
    }

    /// <summary>
    /// Keeps a running mean of each parameter, average = momentum · average + (1 - momentum) · parameter, which begins with the value after the
    /// first step; null keeps none. See <see cref="Model.UseAveragedWeights"/>. States, such as those of normalization, have no mean.
    /// </summary>
    /// <exception cref="OptionException">The value is not at least 0 and below 1.</exception>
    public double? AverageMomentum
    {
        get => _averageMomentum;
        init => _averageMomentum = value is { } momentum ? Require.Within(momentum, 0, 1, TypeName, nameof(AverageMomentum)) : null;
    }

    /// <summary>The names of all slots of a parameter, those of the rule first.</summary>
    internal IReadOnlyList<string> AllSlotNames => AverageMomentum is null ? SlotNames : [.. SlotNames, Average];

    /// <summary>The group of a parameter, or -1.</summary>
    internal int GroupIndex(string name) => Array.FindIndex(_groups, g => g.Includes(name));

    /// <summary>Makes sure that every group has a meaning.</summary>
    /// <exception cref="OptionException">A pattern matches none of the names; it is named.</exception>
    internal void RequireGroupsMatch(IReadOnlyList<string> names)
    {
        foreach (ParameterGroup group in _groups)
            group.RequireMatches(TypeName, names);
    }

    /// <summary>Makes sure that options do not contradict each other.</summary>
    internal void RequireConsistent()
    {
        if ((ClipValue is null ? 0 : 1) + (ClipNorm is null ? 0 : 1) + (GlobalClipNorm is null ? 0 : 1) > 1)
            throw new OptionException($"{TypeName}: give only one of {nameof(ClipValue)}, {nameof(ClipNorm)} and {nameof(GlobalClipNorm)}.");
    }

    /// <summary>Stores the options of every optimizer.</summary>
    /// <param name="config">Where to.</param>
    /// <param name="names">The parameters of the model, for groups that a function chooses.</param>
    internal void WriteOptions(LayerConfig config, IReadOnlyList<string> names)
    {
        if (_groups.Length > 0)
            config.SetParts("groups", _groups.Select(g => g.Write(names)));
        foreach ((string name, double? value) in (ReadOnlySpan<(string, double?)>)
            [("clipValue", ClipValue), ("clipNorm", ClipNorm), ("globalClipNorm", GlobalClipNorm), ("averageMomentum", AverageMomentum)])
        {
            if (value is { } number)
                config.Set(name, number);
        }
    }

    internal void ReadOptions(LayerConfig config)
    {
        if (config.Contains("groups"))
            _groups = Array.ConvertAll(config.Parts("groups"), ParameterGroup.Read);
        _clipValue = Above0(Optional("clipValue"), nameof(ClipValue));
        _clipNorm = Above0(Optional("clipNorm"), nameof(ClipNorm));
        _globalClipNorm = Above0(Optional("globalClipNorm"), nameof(GlobalClipNorm));
        _averageMomentum = Optional("averageMomentum") is { } momentum ? Require.Within(momentum, 0, 1, TypeName, nameof(AverageMomentum)) : null;

        double? Optional(string name) => config.Contains(name) ? config.GetDouble(name) : null;
    }

    private double? Above0(double? value, string name) =>
        value is { } number ? Require.Positive(number, TypeName, name) : null;
}
