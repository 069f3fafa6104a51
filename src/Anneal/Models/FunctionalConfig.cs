namespace Anneal;

/// <summary>
/// Stores functional models: the layers once each, the applications in an order in which they can be made, and which results are
/// inputs and outputs. A result is a pair: the number of the application and which of its outputs.
/// </summary>
internal static class FunctionalConfig
{
    internal static void Write(FunctionalGraph graph, LayerConfig config)
    {
        Layer[] layers = [.. graph.Calls.Select(c => c.Layer).Distinct()];
        config.SetParts("layers", layers.Select(LayerRegistry.Write));
        config.SetParts("calls", graph.Calls.Select(call =>
        {
            var part = new LayerConfig(call.Layer.Name);
            part.Set("layer", (long)Array.IndexOf(layers, call.Layer));
            part.Set("inputs", Places(graph, call.Inputs));
            return part;
        }));
        config.Set("inputs", Places(graph, graph.Inputs));
        config.Set("outputs", Places(graph, graph.Outputs));
    }

    internal static Model Read(LayerConfig config)
    {
        Layer[] layers = Array.ConvertAll(config.Parts("layers"), LayerRegistry.Read);
        var results = new List<LayerOutput[]>();
        foreach (LayerConfig call in config.Parts("calls"))
        {
            Layer layer = layers[InRange(call, "layer", call.GetInt32("layer"), layers.Length)];
            LayerOutput[] inputs = Find(call, "inputs", results);
            results.Add(layer is Input input && inputs.Length == 0 ? [input.Output] : LayerCall.Connect(layer, inputs));
        }

        return new Model(Find(config, "inputs", results), Find(config, "outputs", results));
    }

    private static long[] Places(FunctionalGraph graph, LayerOutput[] outputs) =>
        [.. outputs.SelectMany(o => new long[] { Array.IndexOf(graph.Calls, o.Producer), o.Index })];

    private static LayerOutput[] Find(LayerConfig config, string name, List<LayerOutput[]> results)
    {
        long[] places = config.GetInt64Array(name);
        if (places.Length % 2 != 0)
            throw config.Fail(name, "pairs of numbers", "an odd count");
        var found = new LayerOutput[places.Length / 2];
        for (int i = 0; i < found.Length; i++)
        {
            LayerOutput[] call = results[InRange(config, name, places[2 * i], results.Count)];
            found[i] = call[InRange(config, name, places[2 * i + 1], call.Length)];
        }

        return found;
    }

    private static int InRange(LayerConfig config, string name, long value, int count) => value >= 0 && value < count
        ? (int)value
        : throw config.Fail(name, FormattableString.Invariant($"a number below {count}"), FormattableString.Invariant($"{value}"));
}
