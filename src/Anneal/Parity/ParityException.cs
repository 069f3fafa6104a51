namespace Anneal;

/// <summary>Two forms of a model lie further apart than was allowed, so that one of them was not exported or put to use.</summary>
public sealed class ParityException : AnnealException
{
    internal ParityException(string what, ParityCertificate certificate)
        : base($"{what}: the two forms of the model do not agree: {string.Join("; ", certificate.Failures)}. Hint: state a wider tolerance if that is what you want.") =>
        Certificate = certificate;

    /// <summary>What was found.</summary>
    public ParityCertificate Certificate { get; }
}
