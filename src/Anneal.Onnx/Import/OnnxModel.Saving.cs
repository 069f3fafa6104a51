using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Anneal.Onnx;

/// <content>Saving and loading: the graph is part of the configuration, without the values of its weights, which are saved as those of every model.</content>
public sealed partial class OnnxModel
{
    private const string GraphEntry = "graph", SavedName = "the saved graph";

    /// <summary>Writes the graph.</summary>
    protected internal override void WriteConfig(LayerConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        var file = new OnnxFile { Name = SavedName, IrVersion = _file.IrVersion, Producer = _file.Producer, Graph = _file.Graph };
        foreach ((string domain, long version) in _file.Opsets)
            file.Opsets[domain] = version;
        foreach (((string, string) name, OnnxFunction function) in _file.Functions)
            file.Functions[name] = function;
        file.Metadata[ParameterRoles.TrainedKey] = string.Join('\n', _variables.Where(v => v.Value.Variable is Parameter).Select(v => v.Key));
        using var stream = new MemoryStream();
        OnnxWriter.Write(file, t => _weights.Contains(t) ? null : ValueOf(t).Known).WriteTo(stream);
        config.Set(GraphEntry, Convert.ToBase64String(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
    }

    internal static new OnnxModel Read(LayerConfig config)
    {
        string text = config.GetString(GraphEntry);
        var bytes = new byte[text.Length / 4 * 3];
        if (!Convert.TryFromBase64String(text, bytes, out int count))
            throw config.Fail(GraphEntry, "a graph in Base64", "something else");
        return new OnnxModel(OnnxReader.Read(bytes.AsMemory(0, count), SavedName), null, new OnnxImportOptions(), isSaved: true);
    }

    /// <summary>Initializers without values are weights, which come with those of the model.</summary>
    private void TakeSavedValues()
    {
        HashSet<string> trained = [.. _file.Metadata.GetValueOrDefault(ParameterRoles.TrainedKey, "").Split('\n')];
        var names = new SiblingNames();
        foreach (OnnxTensor tensor in _file.Graph.Initializers)
        {
            if (tensor.HasValues)
            {
                _constants.Add(tensor, tensor.Read(_file.Name, null));
                continue;
            }

            TensorType type = tensor.TypeIn(_file.Name);
            string name = names.Make(NameOf(tensor.Name));
            if (!type.DType.IsFloating() || _variables.ContainsKey(tensor.Name))
                throw tensor.Fail(_file.Name, "a weight, once", $"{type}");
            Take(tensor, name, trained.Contains(tensor.Name) ? new Parameter(type.Shape, name, type.DType) : new State(type.Shape, name, type.DType));
        }
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "A saved model finds its type without the program naming it.")]
    internal static void Register() => LayerRegistry.Register(nameof(OnnxModel), Read);
}
