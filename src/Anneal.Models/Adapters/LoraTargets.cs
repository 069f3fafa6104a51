using System.Globalization;
using System.Text.RegularExpressions;

namespace Anneal.Models;

/// <summary>A product that an adapter changes.</summary>
/// <param name="Product">The product.</param>
/// <param name="Rank">The rank there.</param>
/// <param name="Scale">What the low-rank part is multiplied by.</param>
internal sealed record LoraTarget(TargetProduct Product, int Rank, double Scale);

/// <summary>
/// Finds the modules that options speak of, by PEFT's rules: a list fits names that are in it or end in <c>.</c> and one of it; a text is a regular
/// expression for the whole name.
/// </summary>
internal sealed class LoraTargets
{
    // Names are short; an expression that takes longer than this has gone astray.
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);
    private readonly LoraOptions _options;
    private readonly string _owner;
    private readonly string? _body;
    private readonly Dictionary<string, Regex> _expressions = [];

    private LoraTargets(LoraOptions options, string owner, string? body) => (_options, _owner, _body) = (options, owner, body);

    /// <summary>The products that are adapted, in the order of the table.</summary>
    /// <param name="options">What to look for.</param>
    /// <param name="table">The names of the model.</param>
    /// <param name="bodyPrefix">What names of the body begin with; null where the head is not told apart.</param>
    /// <param name="owner">What to call the model in messages.</param>
    /// <exception cref="AdapterException">A name fits no product, or nothing is adapted.</exception>
    internal static List<LoraTarget> Find(LoraOptions options, WeightTable table, string? bodyPrefix, string owner)
    {
        var targets = new LoraTargets(options, owner, bodyPrefix);

        // PEFT's own lists often name what a model does not have; what the file of tensors has is compared with what is found.
        string[] unknown = [.. options.TargetModules.Where(t => !table.Products.Any(p => Ends(p.Module, t)))];
        if (unknown.Length > 0 && (options.Source is null || (unknown.Length == options.TargetModules.Count && options.ModulesToSave.Count == 0)))
            throw targets.Unknown(string.Join(", ", unknown.Select(ModelFileException.Quote)), table);
        List<LoraTarget> found = [.. table.Products.Where(p => targets.Includes(p.Module)).Select(targets.Describe)];
        return found.Count > 0 || options.ModulesToSave.Count > 0 ? found : throw targets.Unknown("what the options ask for", table);
    }

    /// <summary>The tensors of the modules that are saved whole.</summary>
    /// <exception cref="AdapterException">A name fits no module.</exception>
    internal static List<WeightEntry> FindSaved(LoraOptions options, WeightTable table, string owner)
    {
        foreach (string name in options.Source is null ? options.ModulesToSave : [])
        {
            if (!table.Entries.Any(e => e.Variable is Parameter && IsInside(e.Name, name)))
            {
                throw new AdapterException(
                    $"{owner}: no module is named {ModelFileException.Quote(name)}, which the adapter has a copy of. Hint: a head that is tied to the words is no module of its own.");
            }
        }

        List<WeightEntry> saved = [.. table.Entries.Where(e => e.Variable is Parameter && options.ModulesToSave.Any(m => IsInside(e.Name, m)))];
        if (!options.TiesCopies && saved.FirstOrDefault(e => TwinsOf(e, table).Any()) is { } tied)
        {
            throw new AdapterException(
                $"{owner}: the adapter has a copy of {tied.Name} that does not stand for {TwinsOf(tied, table).First()} too, which is one with it in the model; that is not supported. "
                + "Hint: set ensure_weight_tying where both are meant, or untie the base model.");
        }

        return saved;
    }

    /// <summary>The names of the other tensors that a tensor is one with.</summary>
    internal static IEnumerable<string> TwinsOf(WeightEntry entry, WeightTable table) =>
        table.OtherNames.Where(o => o.Value == entry.Name && o.Key[o.Key.LastIndexOf('.')..] == entry.Name[entry.Name.LastIndexOf('.')..]).Select(o => o.Key);

    private static bool Ends(string name, string end) => name == end || (name.Length > end.Length && name.EndsWith(end, StringComparison.Ordinal) && name[^(end.Length + 1)] == '.');

    /// <summary>Whether a tensor belongs to a module whose name ends so.</summary>
    private static bool IsInside(string tensor, string module)
    {
        for (int dot = tensor.LastIndexOf('.'); dot > 0; dot = tensor.LastIndexOf('.', dot - 1))
        {
            if (Ends(tensor[..dot], module))
                return true;
        }

        return false;
    }

    private bool Includes(string module)
    {
        if (_options.ModulesToSave.Any(m => IsInside(module + ".", m)))
            return false;
        if (_options.ExcludedPattern is { } excluded ? Fits(excluded, module) : _options.ExcludedModules.Any(m => Ends(module, m)))
            return false;
        if (_options.TargetPattern is { } pattern)
        {
            return string.Equals(pattern, LoraOptions.AllLinear, StringComparison.OrdinalIgnoreCase)
                ? _body is null ? module != "lm_head" : module.StartsWith(_body + ".", StringComparison.Ordinal)
                : Fits(pattern, module);
        }

        // A whole name is meant, wherever it stands.
        return _options.TargetModules.Contains(module) || (_options.TargetModules.Any(t => Ends(module, t)) && IsInLayers(module));
    }

    private bool IsInLayers(string module)
    {
        if (_options.Layers.Count == 0)
            return true;
        IEnumerable<string> patterns = _options.LayerPatterns.Count == 0 ? [@"[^.]*"] : _options.LayerPatterns;
        foreach (string pattern in patterns)
        {
            Match match = Matched($@"\A.*\.{pattern}\.(?<layer>[0-9]+)\.", module);
            if (match.Success)
                return int.TryParse(match.Groups["layer"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) && _options.Layers.Contains(layer);
        }

        return false;
    }

    private LoraTarget Describe(TargetProduct product)
    {
        int rank = FirstFit(_options.RankPattern, product.Module, _options.Rank);
        double alpha = FirstFit(_options.AlphaPattern, product.Module, _options.Alpha);
        return new LoraTarget(product, rank, _options.ScaleOf(rank, alpha));
    }

    private T FirstFit<T>(IReadOnlyList<KeyValuePair<string, T>> patterns, string module, T otherwise)
    {
        foreach ((string pattern, T value) in patterns)
        {
            if (Matched($@"\A(?:.*\.)?(?:{pattern})\z", module).Success)
                return value;
        }

        return otherwise;
    }

    private bool Fits(string pattern, string module) => Matched($@"\A(?:{pattern})\z", module).Success;

    private Match Matched(string expression, string module)
    {
        try
        {
            if (!_expressions.TryGetValue(expression, out Regex? compiled))
                _expressions[expression] = compiled = new Regex(expression, RegexOptions.CultureInvariant, Longest);
            return compiled.Match(module);
        }
        catch (ArgumentException e)
        {
            throw new AdapterException($"{_owner}: {ModelFileException.Quote(expression)} is no regular expression: {e.Message}");
        }
        catch (RegexMatchTimeoutException)
        {
            throw new AdapterException($"{_owner}: the regular expression {ModelFileException.Quote(expression)} takes too long for the name {module}.");
        }
    }

    private AdapterException Unknown(string what, WeightTable table)
    {
        IEnumerable<string> ends = table.Products.Select(p => p.Module[(p.Module.LastIndexOf('.') + 1)..]).Distinct();
        return new AdapterException($"{_owner}: no product of the model fits {what}. Hint: its products are named {string.Join(", ", ends)}.");
    }
}
