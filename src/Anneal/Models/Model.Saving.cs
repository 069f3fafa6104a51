using System.Runtime.CompilerServices;
using Anneal.Saving;

namespace Anneal;

/// <content>Saving and loading.</content>
public partial class Model
{
    /// <summary>
    /// Saves the model to a folder: its configuration, its parameters and states and, where it is compiled, what training remembers. A
    /// save replaces an earlier one at one stroke; one that is killed leaves the earlier one whole.
    /// </summary>
    /// <param name="folder">Where to; made where there is none.</param>
    /// <exception cref="ModelException">The model is not built.</exception>
    /// <exception cref="ModelFileException">The folder cannot be used.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireBuilt();
        ModelStore.Save(this, folder);
    }

    /// <summary>
    /// Loads a model that <see cref="Save"/> wrote, of whatever kind it was. Models of built-in layers need no code; types of your own are
    /// made known with <see cref="LayerRegistry"/> first. A compiled model goes on training where it stopped.
    /// </summary>
    /// <param name="folder">Where the model is.</param>
    /// <exception cref="ModelFileException">There is no model, it is damaged, or a tensor or option is missing, unknown or of another type.</exception>
    public static Model Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return ModelStore.Load(folder);
    }

    /// <summary>Loads a model of a given kind.</summary>
    /// <exception cref="ModelFileException">As for <see cref="Load(string)"/>, or the model is of another kind.</exception>
    public static TModel Load<TModel>(string folder) where TModel : Model
    {
        // A library of models makes its types known when it is first used, which may be here.
        RuntimeHelpers.RunModuleConstructor(typeof(TModel).Module.ModuleHandle);
        Model model = Load(folder);
        return model as TModel ?? throw new ModelFileException(folder, "the kind of model", typeof(TModel).Name, model.TypeName);
    }

    /// <summary>
    /// Gives this model the parameters and states that another one of the same structure saved. All tensors are checked before the first
    /// is copied, so the model is as it was when this fails.
    /// </summary>
    /// <param name="folder">Where the other model is.</param>
    /// <exception cref="ModelException">This model is not built.</exception>
    /// <exception cref="ModelFileException">A tensor is missing, is not one of this model's, or has another type or shape; it is named.</exception>
    public void LoadWeights(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        RequireBuilt();
        ModelStore.LoadWeights(this, folder);
    }

    /// <summary>Writes what the constructor of a functional model needs. A derived model writes what its own needs, or nothing.</summary>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (_graph is not null)
            FunctionalConfig.Write(_graph, config);
    }

    internal static Model Read(LayerConfig config) => FunctionalConfig.Read(config);

    internal void RestoreSeed(long seed) => _seed = seed;

    internal void RestoreSetup(TrainingSetup setup) => _setup = setup;
}
