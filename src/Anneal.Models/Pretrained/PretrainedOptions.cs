namespace Anneal.Models;

/// <summary>How a published model is loaded.</summary>
public sealed record PretrainedLoadOptions
{
    /// <summary>
    /// Whether the head is made anew, with first values from the seed: what the files hold of a head is not read, and need not fit. So a published
    /// encoder becomes the beginning of a classifier of one's own.
    /// </summary>
    public bool NewHead { get; init; }

    /// <summary>The names of the classes of a new head; null keeps those of the configuration. Needs <see cref="NewHead"/>.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>
    /// The type to which the frequencies of rotary positions are rounded; null is what the configuration says, float32 in published ones. See
    /// <see cref="RopeParameters.FrequencyType"/>.
    /// </summary>
    public DType? RotaryFrequencyType { get; init; }

    /// <summary>The seed of the model: of the first values of a new head, and of dropout. At least 0.</summary>
    public long Seed { get; init; }
}

/// <summary>How a model is saved for other software.</summary>
public sealed record PretrainedSaveOptions
{
    /// <summary>
    /// The type of the weights. Null keeps the type that each tensor was loaded from where that can tell all of its values, and takes float32
    /// otherwise, so that nothing is rounded.
    /// </summary>
    public DType? DType { get; init; }

    /// <summary>The most bytes of tensors in one file; a model of more is saved in several files with an index. A tensor is never divided.</summary>
    public long MaximumShardBytes { get; init; } = 5_000_000_000;
}
