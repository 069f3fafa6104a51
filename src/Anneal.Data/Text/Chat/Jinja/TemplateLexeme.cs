namespace Anneal.Data;

/// <summary>What a part of a template's text is.</summary>
internal enum TokenKind
{
    /// <summary>Text that is written as it stands.</summary>
    Text,

    /// <summary><c>{%</c></summary>
    BlockBegin,

    /// <summary><c>%}</c></summary>
    BlockEnd,

    /// <summary><c>{{</c></summary>
    OutputBegin,

    /// <summary><c>}}</c></summary>
    OutputEnd,

    /// <summary>A name or a word of the language.</summary>
    Name,

    /// <summary>A string, without quotes and escapes.</summary>
    String,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a point or an exponent.</summary>
    Float,

    /// <summary>A sign.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    End,
}

/// <summary>A part of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; that of a string is what the string stands for.</param>
/// <param name="At">Where it begins.</param>
internal readonly record struct TemplateLexeme(TokenKind Kind, string Text, int At)
{
    internal bool Is(string sign) => Kind == TokenKind.Operator && Text == sign;

    internal bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    /// <summary>How it is named in messages.</summary>
    internal string Shown => Kind switch
    {
        TokenKind.Text => "text",
        TokenKind.BlockBegin => "'{%'",
        TokenKind.BlockEnd => "'%}'",
        TokenKind.OutputBegin => "'{{'",
        TokenKind.OutputEnd => "'}}'",
        TokenKind.String => "the string " + ModelFileException.Quote(Text),
        TokenKind.End => "the end of the template",
        _ => ModelFileException.Quote(Text),
    };
}
