namespace Anneal.Models;

/// <summary>How an adapter is saved as one with its model.</summary>
public sealed record MergedSaveOptions
{
    /// <summary>How far what the files hold may lie from the model with its adapter beside it.</summary>
    public ParityTolerance Tolerance { get; init; } = new();

    /// <summary>Whether to finish also where the tolerance is not met; the certificate beside the files says so.</summary>
    public bool AllowsOutsideTolerance { get; init; }

    /// <summary>How the files are written.</summary>
    public PretrainedSaveOptions Files { get; init; } = new();
}
