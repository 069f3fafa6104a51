using System.Globalization;

namespace Anneal.Models;

/// <summary>
/// What a LoRA adapter looks like (Hu et al., 2021): next to a product x·W it learns scale · (x·A)·B, with A <c>[inputs, rank]</c> and B
/// <c>[rank, outputs]</c>, while W stays as it is. Names, meanings and defaults are PEFT's.
/// </summary>
public sealed record LoraOptions
{
    /// <summary>The value of <see cref="TargetPattern"/> that stands for every product but the head.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>The rank <c>r</c> of what is learned; at least 1.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The numerator of the scale, <c>lora_alpha</c>; the scale is alpha / rank.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>
    /// The modules whose products are adapted, each by its published name or the end of it behind a dot, such as <c>q_proj</c>. Each must fit a
    /// product. Either these or <see cref="TargetPattern"/> must be given.
    /// </summary>
    public IReadOnlyList<string> TargetModules { get; init; } = [];

    /// <summary>A regular expression for the whole published names of the adapted modules, or <see cref="AllLinear"/>; null uses <see cref="TargetModules"/>.</summary>
    public string? TargetPattern { get; init; }

    /// <summary>Modules that are not adapted although they fit, by name or the end of it.</summary>
    public IReadOnlyList<string> ExcludedModules { get; init; } = [];

    /// <summary>A regular expression for the whole names of modules that are not adapted although they fit; null uses <see cref="ExcludedModules"/>.</summary>
    public string? ExcludedPattern { get; init; }

    /// <summary>The numbers of the layers in which modules are adapted, <c>layers_to_transform</c>; empty is all. Only with <see cref="TargetModules"/>.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>Regular expressions for the name in front of a layer's number, <c>layers_pattern</c>; empty takes any. Only with <see cref="Layers"/>.</summary>
    public IReadOnlyList<string> LayerPatterns { get; init; } = [];

    /// <summary>Other ranks, by regular expressions for the ends of names; of several that fit, the first counts.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> RankPattern { get; init; } = [];

    /// <summary>Other values of <see cref="Alpha"/>, by regular expressions for the ends of names; of several that fit, the first counts.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>The share of what enters the adapter that is dropped in training; at least 0 and below 1.</summary>
    public double Dropout { get; init; }

    /// <summary>Whether the scale is alpha / √rank (rsLoRA, Kalajdzievski, 2023), which keeps large ranks learning.</summary>
    public bool UseRsLora { get; init; }

    /// <summary>
    /// Whether magnitude and direction of each output's weights are learned apart (DoRA, Liu et al., 2024): the adapted kernel is
    /// magnitude · (W + scale · A·B) / ‖W + scale · A·B‖, where no gradient flows through the norm.
    /// </summary>
    public bool UseDora { get; init; }

    /// <summary>
    /// Modules of which the adapter has whole copies that are trained and saved with it, such as a new classifier, by the end of their names.
    /// They are not adapted besides. A copy of words that are tied to the head takes the place of both.
    /// </summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>The seed of the first values of A; B begins at 0. At least 0.</summary>
    public long Seed { get; init; }

    /// <summary>The text of the <c>adapter_config.json</c> that these options were read from; null where they were made in code.</summary>
    internal string? Source { get; init; }

    /// <summary>
    /// Whether a copy of a module that is one with another, such as words and head, stands for both; an adapter of PEFT has it for the named one alone unless
    /// it says so.
    /// </summary>
    internal bool TiesCopies { get; init; } = true;

    /// <summary>The scale of what an adapter of a rank adds.</summary>
    internal double ScaleOf(int rank, double alpha) => UseRsLora ? alpha / Math.Sqrt(rank) : alpha / rank;

    /// <summary>Makes sure that the options have a meaning.</summary>
    /// <exception cref="OptionException">One is out of range, or two contradict each other.</exception>
    internal void Check()
    {
        foreach (int rank in RankPattern.Select(p => p.Value).Prepend(Rank))
            Require(rank is >= 1 and <= ConfigFields.MostWidth, nameof(Rank), $"from 1 to {ConfigFields.MostWidth}", $"{rank}");
        foreach (double alpha in AlphaPattern.Select(p => p.Value).Prepend(Alpha))
            Require(double.IsFinite(alpha), nameof(Alpha), $"a finite number", $"{alpha}");
        Require(Dropout is >= 0 and < 1, nameof(Dropout), $"at least 0 and below 1", $"{Dropout}");
        Require(Seed >= 0, nameof(Seed), $"at least 0", $"{Seed}");
        bool hasNames = TargetModules.Count > 0;
        Require(hasNames != TargetPattern is not null, nameof(TargetModules), $"given where {nameof(TargetPattern)} is not", $"{TargetModules.Count} names");
        Require(Layers.Count == 0 || hasNames, nameof(Layers), $"given with {nameof(TargetModules)} alone", $"{Layers.Count} numbers");
        Require(LayerPatterns.Count == 0 || Layers.Count > 0, nameof(LayerPatterns), $"given with {nameof(Layers)} alone", $"{LayerPatterns.Count} patterns");
        Require(ExcludedModules.Count == 0 || ExcludedPattern is null, nameof(ExcludedModules), $"given where {nameof(ExcludedPattern)} is not", $"{ExcludedModules.Count} names");
        foreach (string name in TargetModules.Concat(ExcludedModules).Concat(ModulesToSave))
            Require(!string.IsNullOrEmpty(name), "a name of a module", $"not empty", $"empty");
    }

    private static void Require(bool holds, string what, FormattableString expected, FormattableString found)
    {
        if (!holds)
            throw new OptionException($"{nameof(LoraOptions)}: {what} must be {expected.ToString(CultureInfo.InvariantCulture)}, but is {found.ToString(CultureInfo.InvariantCulture)}.");
    }
}
