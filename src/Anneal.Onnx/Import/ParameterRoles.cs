namespace Anneal.Onnx;

/// <summary>What an initializer is to a model that is trained.</summary>
internal enum InitializerRole
{
    /// <summary>Part of the graph: its numbers may decide shapes.</summary>
    Constant,

    /// <summary>Kept and saved, but not trained: statistics.</summary>
    State,

    /// <summary>Trained.</summary>
    Parameter,
}

/// <summary>
/// Decides by the places in which initializers are read which of them are weights: the format does not say it. Values that reach a place through nodes
/// that only pass them on, or arrange them, count as well.
/// </summary>
internal static class ParameterRoles
{
    // Inputs of operators that are settings. Everything else of an operator may be computed with.
    private static readonly Dictionary<string, int[]> Settings = new()
    {
        ["Clip"] = [1, 2],
        ["CumSum"] = [1],
        ["Dropout"] = [1, 2],
        ["GRU"] = [4, 5],
        ["LSTM"] = [4, 5, 6],
        ["OneHot"] = [1, 2],
        ["Pad"] = [1, 2, 3],
        ["Pow"] = [1],
        ["Range"] = [0, 1, 2],
        ["RNN"] = [4, 5],
        ["Resize"] = [1, 2, 3],
        ["Upsample"] = [1],
        ["Mod"] = [0, 1],
        ["Equal"] = [0, 1],
        ["Greater"] = [0, 1],
        ["GreaterOrEqual"] = [0, 1],
        ["Less"] = [0, 1],
        ["LessOrEqual"] = [0, 1],
        ["Shape"] = [0],
        ["Size"] = [0],
    };

    // Inputs that are weights, however many numbers they have.
    private static readonly Dictionary<string, int[]> Weights = new()
    {
        ["BatchNormalization"] = [1, 2],
        ["Conv"] = [1, 2],
        ["ConvTranspose"] = [1, 2],
        ["Gather"] = [0],
        ["Gemm"] = [0, 1, 2],
        ["GroupNormalization"] = [1, 2],
        ["GRU"] = [1, 2, 3],
        ["InstanceNormalization"] = [1, 2],
        ["LayerNormalization"] = [1, 2],
        ["LSTM"] = [1, 2, 3, 7],
        ["MatMul"] = [0, 1],
        ["PRelu"] = [1],
        ["RMSNormalization"] = [1],
        ["RNN"] = [1, 2, 3],
    };

    private static readonly HashSet<string> Arranging = ["Identity", "Transpose", "Reshape", "Unsqueeze", "Squeeze", "Cast", "Flatten", "Expand"];

    /// <summary>The roles of the initializers of a file's graph.</summary>
    /// <param name="file">The file.</param>
    /// <param name="values">The initializers' values.</param>
    /// <param name="isParameter">What the user says, by name; null where places decide.</param>
    internal static Dictionary<string, InitializerRole> Of(OnnxFile file, IReadOnlyDictionary<string, TensorData> values, Func<string, bool>? isParameter)
    {
        var roles = new Dictionary<string, InitializerRole>();
        foreach ((string name, TensorData data) in values)
            roles[name] = InitializerRole.Constant;
        var sources = values.Where(v => v.Value.DType.IsFloating()).ToDictionary(v => v.Key, v => v.Key);
        var products = new HashSet<string>();
        Visit(file.Graph.Nodes, sources, products, values, roles);
        HashSet<string>? listed = file.Metadata.TryGetValue(TrainedKey, out string? list) ? [.. list.Split('\n')] : null;
        foreach ((string name, TensorData data) in values)
        {
            if (!data.DType.IsFloating())
                continue;
            if (listed is not null)
                roles[name] = listed.Contains(name) ? InitializerRole.Parameter : InitializerRole.State;
            else if (roles[name] == InitializerRole.Parameter && !IsFinite(data))
                roles[name] = InitializerRole.Constant;
            if (isParameter is not null)
                roles[name] = isParameter(name) ? InitializerRole.Parameter : roles[name] == InitializerRole.State ? InitializerRole.State : InitializerRole.Constant;
        }

        return roles;
    }

    /// <summary>The entry of a file's metadata that names the weights which are trained, one a line; Anneal's own files have it.</summary>
    internal const string TrainedKey = "anneal.trained";

    private static void Visit(
        List<OnnxNode> nodes, Dictionary<string, string> sources, HashSet<string> products, IReadOnlyDictionary<string, TensorData> values, Dictionary<string, InitializerRole> roles)
    {
        foreach (OnnxNode node in nodes)
        {
            for (int i = 0; i < node.Inputs.Count; i++)
            {
                if (!sources.TryGetValue(node.Inputs[i], out string? source))
                    continue;
                if (Arranging.Contains(node.Operator) && i == 0)
                {
                    if (node.Outputs.Count > 0)
                        sources.TryAdd(node.Outputs[0], source);
                    continue;
                }

                InitializerRole role = RoleAt(node, i, values[source], products);
                if (role > roles[source])
                    roles[source] = role;
            }

            if (node.Operator is "MatMul" or "Gemm" or "Conv" or "ConvTranspose" && node.Outputs.Count > 0)
                products.Add(node.Outputs[0]);
            foreach (OnnxAttribute attribute in node.Attributes)
            {
                if (attribute.Graph is { } inner)
                    Visit(inner.Nodes, sources, products, values, roles);
            }
        }
    }

    private static InitializerRole RoleAt(OnnxNode node, int input, TensorData data, HashSet<string> products)
    {
        if (node.Operator == "BatchNormalization" && input is 3 or 4)
            return InitializerRole.State;
        if (Weights.TryGetValue(node.Operator, out int[]? weights) && weights.Contains(input))
            return InitializerRole.Parameter;
        if (Settings.TryGetValue(node.Operator, out int[]? settings) && settings.Contains(input))
            return InitializerRole.Constant;

        // A single number in arithmetic is a factor or a small addend; after a product it is the bias of a layer with one output.
        bool isBias = node.Operator == "Add" && node.Inputs.Exists(products.Contains);
        return data.Shape.ElementCount > 1 || isBias ? InitializerRole.Parameter : InitializerRole.Constant;
    }

    private static bool IsFinite(TensorData data)
    {
        for (long i = 0; i < data.Shape.ElementCount; i++)
        {
            if (!double.IsFinite(data.GetDouble(i)))
                return false;
        }

        return true;
    }
}
