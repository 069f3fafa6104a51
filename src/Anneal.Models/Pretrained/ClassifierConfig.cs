namespace Anneal.Models;

/// <summary>A configuration of a family that has classifiers among its models.</summary>
public abstract record ClassifierConfig : PretrainedConfig
{
    private protected ClassifierConfig()
    {
    }

    /// <summary>The names of the classes.</summary>
    public IReadOnlyList<string> Labels { get; init; } = NumberedLabels(2);
}
