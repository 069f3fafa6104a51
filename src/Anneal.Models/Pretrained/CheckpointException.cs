
namespace Anneal.Models;

/// <summary>The tensors of a checkpoint are not those of the model: some are missing, unknown, or of another shape or type.</summary>
public sealed class CheckpointException : AnnealException
{
    private const int Shown = 8;

    internal CheckpointException(string folder, IReadOnlyList<string> missing, IReadOnlyList<string> unexpected, IReadOnlyList<string> mismatched, string hint = "")
        : base($"{folder}: the tensors do not fit the model:{Listed("missing", missing)}{Listed("unexpected", unexpected)}{Listed("of another shape or type", mismatched)}.{hint}") =>
        (Folder, Missing, Unexpected, Mismatched) = (folder, missing, unexpected, mismatched);

    /// <summary>Where the checkpoint is.</summary>
    public string Folder { get; }

    /// <summary>The names of tensors that the model needs and the checkpoint lacks.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>The names of tensors that the checkpoint has and the model does not.</summary>
    public IReadOnlyList<string> Unexpected { get; }

    /// <summary>Tensors that do not fit, each with what was expected and found.</summary>
    public IReadOnlyList<string> Mismatched { get; }

    private static string Listed(string what, IReadOnlyList<string> names) => names.Count == 0
        ? ""
        : FormattableString.Invariant($" {names.Count} {what} (") + string.Join("; ", names.Take(Shown).Select(Short)) + (names.Count > Shown ? "; ...)" : ")");

    private static string Short(string name) => ModelFileException.Quote(name)[1..^1];
}
