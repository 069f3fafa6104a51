namespace Anneal.Data;

/// <summary>The values that a function, filter or test is given.</summary>
/// <param name="callee">What is called, for messages.</param>
/// <param name="all">Those without a name.</param>
/// <param name="named">Those with a name.</param>
internal sealed class CallArguments(string callee, TemplateValue[] all, (string Name, TemplateValue Value)[] named)
{
    internal string Callee => callee;

    internal TemplateValue[] All => all;

    internal (string Name, TemplateValue Value)[] Named => named;

    /// <summary>The arguments in the order of the parameters' names; null where none was given. Others than these are errors.</summary>
    /// <param name="run">Where an error is.</param>
    /// <param name="required">How many of the first must be there.</param>
    /// <param name="names">The names.</param>
    internal TemplateValue?[] Bind(TemplateRun run, int required, params ReadOnlySpan<string> names)
    {
        if (all.Length > names.Length)
            throw run.Fail(FormattableString.Invariant($"{callee} takes at most {names.Length} arguments, found {all.Length}"));
        var values = new TemplateValue?[names.Length];
        all.CopyTo(values, 0);
        foreach ((string name, TemplateValue value) in named)
        {
            int index = names.IndexOf(name);
            if (index < 0)
                throw run.Fail($"{callee} has no argument {ModelFileException.Quote(name)}");
            if (values[index] is not null)
                throw run.Fail($"{callee} is given {ModelFileException.Quote(name)} twice");
            values[index] = value;
        }

        for (int i = 0; i < required; i++)
        {
            if (values[i] is null)
                throw run.Fail($"{callee} needs an argument {ModelFileException.Quote(names[i])}");
        }

        return values;
    }

    /// <summary>The single argument of this name, or null.</summary>
    internal TemplateValue? Single(TemplateRun run, string name) => Bind(run, 0, name)[0];

    /// <summary>Makes sure that there are none.</summary>
    internal void None(TemplateRun run) => Bind(run, 0);

    internal string Text(TemplateRun run, TemplateValue value) =>
        value is TemplateString text ? text.Value : throw run.Fail($"{callee} needs a string, found {value.TypeName}");

    internal long Whole(TemplateRun run, TemplateValue value) =>
        TemplateOperators.Whole(value) ?? throw run.Fail($"{callee} needs a whole number, found {value.TypeName}");
}
