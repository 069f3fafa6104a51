namespace Anneal;

/// <summary>
/// Parameters that are trained in their own way. A group is chosen by patterns of full names such as <c>encoder/dense_1/bias</c>, in which
/// <c>*</c> stands for any characters, '/' included, or by a function; of several groups that a parameter fits, the first counts.
/// </summary>
/// <example><c>new AdamW(1e-3) { Groups = [ParameterGroup.WithoutDecay("*/bias", "*/gamma", "*/beta")] }</c></example>
public sealed class ParameterGroup
{
    private readonly string[] _patterns = [];
    private readonly Func<string, string, bool>? _includes;
    private readonly HashSet<string> _names = [];
    private readonly double _learningRateFactor = 1;
    private readonly double? _weightDecay;

    /// <summary>Makes a group of the parameters whose full names match one of the patterns.</summary>
    /// <param name="patterns">The patterns; at least one. Each must match a parameter, or training throws an <see cref="OptionException"/> that names it.</param>
    /// <exception cref="OptionException">There is no pattern, or an empty one.</exception>
    public ParameterGroup(params ReadOnlySpan<string> patterns)
    {
        _patterns = patterns.ToArray();
        if (_patterns.Length == 0 || _patterns.Any(string.IsNullOrEmpty))
            throw new OptionException($"{nameof(ParameterGroup)}: expected patterns of names, but found {(_patterns.Length == 0 ? "none" : "an empty one")}.");
    }

    /// <summary>Makes a group of the parameters that a function chooses. A saved model stores their names.</summary>
    /// <param name="includes">From the path of the layer, such as <c>encoder/dense_1</c>, and the name of the parameter, such as <c>bias</c>.</param>
    public ParameterGroup(Func<string, string, bool> includes)
    {
        ArgumentNullException.ThrowIfNull(includes);
        _includes = includes;
    }

    private ParameterGroup(IEnumerable<string> names) => _names = [.. names];

    /// <summary>What the learning rate is multiplied by; finite and at least 0.</summary>
    /// <exception cref="OptionException">The value is out of range.</exception>
    public double LearningRateFactor
    {
        get => _learningRateFactor;
        init => _learningRateFactor = Require.Within(value, 0, double.PositiveInfinity, nameof(ParameterGroup), nameof(LearningRateFactor));
    }

    /// <summary>The weight decay; null keeps the optimizer's.</summary>
    /// <exception cref="OptionException">The value is negative or not finite.</exception>
    public double? WeightDecay
    {
        get => _weightDecay;
        init => _weightDecay = value is { } decay ? Require.Within(decay, 0, double.PositiveInfinity, nameof(ParameterGroup), nameof(WeightDecay)) : null;
    }

    /// <summary>A group of parameters that do not decay: biases, scales of normalization, embeddings.</summary>
    /// <param name="patterns">Patterns of full names, such as <c>*/bias</c>.</param>
    public static ParameterGroup WithoutDecay(params ReadOnlySpan<string> patterns) => new(patterns) { WeightDecay = 0 };

    /// <summary>
    /// Groups of a model's parameters by their depth, whose learning rates fall with the distance from the output (Howard and Ruder, 2018): the last
    /// stage of <see cref="Model.ParametersByDepth"/> has the whole rate, each in front of it that of its successor times a factor.
    /// </summary>
    /// <param name="model">The model, built.</param>
    /// <param name="factor">What each stage's rate is that of the next one's; finite and at least 0, mostly 0.5 to 0.95.</param>
    /// <exception cref="OptionException">The factor is out of range.</exception>
    /// <exception cref="ModelException">The model is not built.</exception>
    /// <example><c>new AdamW(3e-5) { Groups = ParameterGroup.ByDepth(model, 0.9) }</c></example>
    public static IReadOnlyList<ParameterGroup> ByDepth(Model model, double factor)
    {
        ArgumentNullException.ThrowIfNull(model);
        Require.Within(factor, 0, double.PositiveInfinity, nameof(ByDepth), nameof(factor));
        IReadOnlyList<IReadOnlyList<Parameter>> stages = model.ParametersByDepth;
        Dictionary<Variable, string> names = model.NamedVariables().ToDictionary(v => v.Variable, v => v.Name);
        return [.. stages.Select((stage, depth) =>
            new ParameterGroup(stage.Select(p => names[p])) { LearningRateFactor = Math.Pow(factor, stages.Count - 1 - depth) })];
    }

    internal bool Includes(string name)
    {
        if (_includes is null)
            return _names.Contains(name) || _patterns.Any(p => Fits(p, name));
        int end = Math.Max(name.LastIndexOf('/'), 0);
        return _includes(name[..end], end == 0 ? name : name[(end + 1)..]);
    }

    /// <summary>Makes sure that each pattern has a meaning for a model.</summary>
    /// <exception cref="OptionException">A pattern, or the function, matches none of the names.</exception>
    internal void RequireMatches(string optimizer, IReadOnlyList<string> names)
    {
        string? idle = _includes is not null
            ? names.Any(Includes) ? null : "the function"
            : _patterns.Where(p => !names.Any(n => Fits(p, n))).Concat(_names.Except(names)).Select(p => $"the pattern '{p}'").FirstOrDefault();
        if (idle is not null)
            throw new OptionException($"{optimizer}: {idle} of a {nameof(ParameterGroup)} matches no parameter. Hint: there are {string.Join(", ", names)}.");
    }

    internal LayerConfig Write(IReadOnlyList<string> names)
    {
        var config = new LayerConfig("group");
        if (_patterns.Length > 0)
            config.SetStrings("patterns", _patterns);
        else
            config.SetStrings("names", _includes is null ? _names.Order(StringComparer.Ordinal) : names.Where(Includes));
        config.Set("learningRateFactor", LearningRateFactor);
        if (WeightDecay is { } decay)
            config.Set("weightDecay", decay);
        return config;
    }

    internal static ParameterGroup Read(LayerConfig config)
    {
        double factor = config.GetDouble("learningRateFactor");
        double? decay = config.Contains("weightDecay") ? config.GetDouble("weightDecay") : null;
        return config.Contains("patterns")
            ? new ParameterGroup(config.GetStrings("patterns")) { LearningRateFactor = factor, WeightDecay = decay }
            : new ParameterGroup((IEnumerable<string>)config.GetStrings("names")) { LearningRateFactor = factor, WeightDecay = decay };
    }

    /// <summary>Whether a name is the pattern with any characters in the place of each star.</summary>
    internal static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        // Where a later part does not fit, the last star takes one character more.
        int star = -1, afterStar = 0, p = 0, n = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                (star, afterStar) = (p++, n);
            }
            else if (p < pattern.Length && pattern[p] == name[n])
            {
                p++;
                n++;
            }
            else if (star >= 0)
            {
                (p, n) = (star + 1, ++afterStar);
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].Trim('*').IsEmpty;
    }
}
