namespace Anneal.Models;

/// <summary>How a model is saved for other software when what was written is compared with it.</summary>
public sealed record CheckedSaveOptions
{
    /// <summary>How far what the files hold may lie from the model.</summary>
    public ParityTolerance Tolerance { get; init; } = new();

    /// <summary>Whether to finish also where the tolerance is not met; the certificate beside the files says so.</summary>
    public bool AllowsOutsideTolerance { get; init; }

    /// <summary>How the files are written.</summary>
    public PretrainedSaveOptions Files { get; init; } = new();
}
