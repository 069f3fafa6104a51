namespace Anneal;

/// <content>Freezing by name and by depth.</content>
public partial class Model
{
    /// <summary>
    /// The parameters in stages from the input to the output: of a public model the embeddings, each layer, and what follows the last one; of others
    /// each layer of the model that has parameters. Where an adapter is in use, its parameters alone count, each where what it changes stands.
    /// </summary>
    /// <exception cref="ModelException">The model is not built.</exception>
    public IReadOnlyList<IReadOnlyList<Parameter>> ParametersByDepth => [.. Stages().Where(s => s.Count > 0)];

    /// <summary>Freezes the parameters whose full names match: <c>Fit</c> leaves them as they are from the next epoch on, and gives them no memory of an optimizer.</summary>
    /// <param name="patterns">Patterns of names such as <c>encoder/*</c>, as those of <see cref="ParameterGroup"/>; each must match a parameter.</param>
    /// <exception cref="OptionException">A pattern matches no parameter.</exception>
    /// <exception cref="ModelException">The model is not built.</exception>
    public void Freeze(params ReadOnlySpan<string> patterns) => SetTrainable(patterns, isTrainable: false);

    /// <summary>
    /// Lets parameters be trained again whose full names match. One inside of a layer that is frozen by <see cref="Layer.Trainable"/> stays frozen.
    /// </summary>
    /// <param name="patterns">Patterns of names such as <c>encoder/*</c>, as those of <see cref="ParameterGroup"/>; each must match a parameter.</param>
    /// <exception cref="OptionException">A pattern matches no parameter.</exception>
    /// <exception cref="ModelException">The model is not built.</exception>
    public void Unfreeze(params ReadOnlySpan<string> patterns) => SetTrainable(patterns, isTrainable: true);

    /// <summary>Freezes the stages of <see cref="ParametersByDepth"/> in front of a depth, and lets those from there on be trained.</summary>
    /// <param name="depth">The first stage that is trained; 0 is all, their number none.</param>
    /// <exception cref="OptionException">There is no such depth.</exception>
    /// <exception cref="ModelException">The model is not built.</exception>
    public void FreezeBelow(int depth)
    {
        IReadOnlyList<IReadOnlyList<Parameter>> stages = ParametersByDepth;
        if (depth < 0 || depth > stages.Count)
            throw new OptionException(FormattableString.Invariant($"{nameof(FreezeBelow)}: expected a depth from 0 to {stages.Count}, the stages of the model {Name}, but found {depth}."));
        for (int stage = 0; stage < stages.Count; stage++)
        {
            foreach (Parameter parameter in stages[stage])
                parameter.Trainable = stage >= depth;
        }
    }

    /// <summary>The parameters in stages; a stage may be empty.</summary>
    private protected virtual IReadOnlyList<IReadOnlyList<Parameter>> Stages()
    {
        RequireBuilt();
        var seen = new HashSet<Parameter>();
        return [.. Layers.Select(l => (IReadOnlyList<Parameter>)[.. l.Parameters.Where(seen.Add)])];
    }

    private void SetTrainable(ReadOnlySpan<string> patterns, bool isTrainable)
    {
        RequireBuilt();
        NamedVariable[] parameters = [.. NamedVariables().Where(v => v.Variable is Parameter)];
        foreach (string pattern in patterns)
        {
            NamedVariable[] found = [.. parameters.Where(p => ParameterGroup.Fits(pattern, p.Name))];
            if (found.Length == 0)
                throw new OptionException($"The model {Name}: the pattern '{pattern}' matches no parameter. Hint: there are {string.Join(", ", parameters.Select(p => p.Name))}.");
            foreach (NamedVariable parameter in found)
                ((Parameter)parameter.Variable).Trainable = isTrainable;
        }
    }
}
