using System.Globalization;

namespace Anneal.Data;

/// <summary>The text of a template, with one form of line ends, and where its lines begin.</summary>
internal sealed class TemplateSource
{
    private readonly List<int> _lines = [0];

    internal TemplateSource(string text)
    {
        // As Jinja reads its sources: every line end becomes \n, and one at the very end is no part of the template.
        Text = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (Text.EndsWith('\n'))
            Text = Text[..^1];
        for (int i = Text.IndexOf('\n', StringComparison.Ordinal); i >= 0; i = Text.IndexOf('\n', i + 1))
            _lines.Add(i + 1);
    }

    internal string Text { get; }

    /// <summary>The line and column of a place, both counted from 1.</summary>
    internal (int Line, int Column) Locate(int at)
    {
        int index = _lines.BinarySearch(at);
        int line = index >= 0 ? index : ~index - 1;
        return (line + 1, at - _lines[line] + 1);
    }

    /// <summary>The error that the template cannot be used, at a place of it.</summary>
    internal ChatTemplateException Fail(int at, string message)
    {
        (int line, int column) = Locate(at);
        return new ChatTemplateException(line, column, message);
    }

    /// <summary>The error that a bound was passed, at a place of the template.</summary>
    internal ChatTemplateLimitException Exceeded(int at, string message)
    {
        (int line, int column) = Locate(at);
        return new ChatTemplateLimitException(string.Create(CultureInfo.InvariantCulture, $"The chat template, line {line}, column {column}: {message}."));
    }
}
