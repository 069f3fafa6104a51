namespace Anneal.Data;

/// <summary>A text cannot be turned into tokens, or tokens into text, as asked.</summary>
public sealed class TokenizationException : AnnealException
{
    internal TokenizationException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}
