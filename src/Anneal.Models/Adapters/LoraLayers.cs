namespace Anneal.Models;

/// <summary>The variables of an adapter as a part of the model, so that they are trained and saved with it. Nothing is ever passed through it.</summary>
internal sealed class LoraLayers : Layer
{
    internal LoraLayers(string name, IReadOnlyList<LoraTarget> targets, IReadOnlyList<WeightEntry> saved, LoraOptions options) : base(name)
    {
        Modules = [.. targets.Select(t => Track(new LoraModule(t, options)))];
        Copies = [.. saved.Select(s => (s, AddParameter(s.Name, s.Variable.Shape, Initializer.Zeros)))];
    }

    internal LoraModule[] Modules { get; }

    /// <summary>The tensors of modules that are saved whole, with the copies that are trained.</summary>
    internal (WeightEntry Base, Parameter Copy)[] Copies { get; }

    /// <summary>Draws the first values of what has none. They follow from the seed and the names of the modules.</summary>
    internal void Begin(ulong seed)
    {
        foreach (NamedVariable found in NamedVariables())
            found.Declaration.InitializeOnce(seed, found.Name);
    }

    /// <summary>Keeps the values of copies and magnitudes, which come from the model.</summary>
    internal void MarkFilled() => MarkFilled(v => v is not Parameter parameter || !Modules.Any(m => m.A == parameter || m.B == parameter));

    /// <summary>Keeps the values of some variables.</summary>
    internal void MarkFilled(Func<Variable, bool> which)
    {
        foreach (NamedVariable found in NamedVariables())
        {
            if (which(found.Variable))
                found.Declaration.MarkInitialized();
        }
    }

    protected override Tensor Call(Tensor input) => throw new ModelException($"Layer {Path} holds the variables of an adapter; nothing passes through it.");
}
