using System.Globalization;

namespace Anneal.Data;

/// <summary>A chat template is wrong, uses what is not supported, or cannot go on with the values that it was given.</summary>
public sealed class ChatTemplateException : AnnealException
{
    internal ChatTemplateException(int line, int column, string problem)
        : base(string.Create(CultureInfo.InvariantCulture, $"The chat template, line {line}, column {column}: {problem}.")) => (Line, Column) = (line, column);

    internal ChatTemplateException(string message) : base(message)
    {
    }

    /// <summary>The line, counted from 1; 0 where no line is at fault.</summary>
    public int Line { get; }

    /// <summary>The column, counted from 1; 0 where no line is at fault.</summary>
    public int Column { get; }
}

/// <summary>A chat template refuses a conversation by a call of <c>raise_exception</c>, such as one that does not begin with the user.</summary>
public sealed class ChatRejectedException : AnnealException
{
    internal ChatRejectedException(string reason) : base("The chat template refuses the conversation: " + reason) => Reason = reason;

    /// <summary>What the template says.</summary>
    public string Reason { get; }
}

/// <summary>Rendering a chat template takes more time or memory than <see cref="ChatTemplateLimits"/> allows.</summary>
public sealed class ChatTemplateLimitException : AnnealException
{
    internal ChatTemplateLimitException(string message) : base(message)
    {
    }
}
