namespace Anneal.Models;

/// <summary>The tensors of a model beside those of a GGUF file.</summary>
internal static unsafe class GgufWeights
{
    /// <summary>A tensor of a model, where it lies in a file, and in which order its rows are there.</summary>
    private sealed record Place(string Name, WeightEntry Entry, int PairedHeads);

    /// <summary>Fills a model from a file. Everything is compared before anything is read.</summary>
    /// <exception cref="CheckpointException">Tensors are missing, unknown or of another shape.</exception>
    /// <exception cref="ModelFileException">A tensor's type is not supported.</exception>
    internal static void Fill(CausalLanguageModel model, GgufFile file, GgufArchitecture architecture)
    {
        model.FillWeights(table =>
        {
            Place[] places = [.. table.Entries.Select(e => PlaceOf(e, architecture, model.Config))];
            RequireFits(file, places, [.. table.OtherNames.Keys.Where(n => n.EndsWith(".weight", StringComparison.Ordinal)).Select(n => NameOrNull(n, architecture)).OfType<string>()]);
            return [.. places.Select(p => (p.Entry, (Action)(() => Read(file, p))))];
        });
    }

    /// <summary>The tensors of a model as they are written.</summary>
    /// <param name="model">The model.</param>
    /// <param name="architecture">The architecture in which it is written.</param>
    /// <param name="typeOf">The type for a tensor of this name and shape.</param>
    internal static IEnumerable<GgufSource> Sources(CausalLanguageModel model, GgufArchitecture architecture, Func<string, Shape, GgufTensorType> typeOf)
    {
        foreach (WeightEntry entry in model.Weights().Entries)
        {
            Place place = PlaceOf(entry, architecture, model.Config);
            yield return new GgufSource(place.Name, typeOf(place.Name, place.Entry.FileShape), place.Entry.FileShape, () =>
            {
                TensorData values = WeightConversion.ToFile(place.Entry, DType.Float32);
                return place.PairedHeads == 0 ? values : Reordered(values, place.PairedHeads, isReading: false);
            });
        }
    }

    private static Place PlaceOf(WeightEntry entry, GgufArchitecture architecture, PretrainedConfig config)
    {
        (string name, GgufName part) = GgufNames.Find(architecture.Names, entry.Name);
        (int queries, int keys) = architecture.Heads(config);
        int heads = part.Rows switch { GgufRowOrder.PairedQueries => queries, GgufRowOrder.PairedKeys => keys, _ => 0 };
        bool isTransposed = part.IsTransposed && entry.Variable.Shape.Rank == 2;
        return new Place(name, isTransposed ? new WeightEntry(entry.Name, entry.Variable, WeightLayout.OutputsFirst) : entry, heads);
    }

    /// <summary>The name of a tensor that a file may hold beside the one that it is tied to; null where GGUF has none.</summary>
    private static string? NameOrNull(string published, GgufArchitecture architecture) =>
        architecture.Names.Any(n => published.StartsWith(n.Published + ".", StringComparison.Ordinal)) ? GgufNames.Find(architecture.Names, published).Name : null;

    private static void RequireFits(GgufFile file, Place[] places, HashSet<string> tied)
    {
        HashSet<string> known = [.. places.Select(p => p.Name), .. tied, GgufNames.RotaryFactors];
        var mismatched = new List<string>();
        foreach (Place place in places)
        {
            if (!file.Tensors.TryGetValue(place.Name, out GgufTensor? tensor))
                continue;
            file.RequireReadable(tensor);
            if (tensor.Shape != place.Entry.FileShape)
                mismatched.Add($"{place.Name}: expected {place.Entry.FileShape}, found {tensor.Shape}");
        }

        string[] missing = [.. places.Select(p => p.Name).Where(n => !file.Tensors.ContainsKey(n))], unexpected = [.. file.Tensors.Keys.Where(n => !known.Contains(n))];
        if (missing.Length + unexpected.Length + mismatched.Count > 0)
            throw new CheckpointException(file.Path, missing, unexpected, mismatched);
    }

    private static void Read(GgufFile file, Place place)
    {
        GgufTensor tensor = file.Tensors[place.Name];
        if (tensor.Type == GgufTensorType.F32 && place.PairedHeads == 0)
        {
            WeightConversion.Read(file.Pointer(tensor), DType.Float32, place.Entry);
            GC.KeepAlive(file);
            return;
        }

        TensorData values = file.Read(place.Name);
        if (place.PairedHeads > 0)
            values = Reordered(values, place.PairedHeads, isReading: true);
        WeightConversion.Read(values.Pointer, DType.Float32, place.Entry);
        GC.KeepAlive(values);
    }

    /// <summary>
    /// Rows in the other order: published, the first half of a head's rows and then the second; in files of Llama the rows that rotary positions turn together
    /// side by side.
    /// </summary>
    private static TensorData Reordered(TensorData values, int heads, bool isReading)
    {
        var result = new TensorData(DType.Float32, values.Shape);
        long rows = values.Shape[0], bytes = values.Shape.ElementCount / rows * sizeof(float), half = rows / heads / 2;
        for (long head = 0; head < heads; head++)
        {
            long first = 2 * half * head;
            for (long i = 0; i < half; i++)
            {
                Copy(first + i, first + 2 * i);
                Copy(first + half + i, first + 2 * i + 1);
            }
        }

        GC.KeepAlive(values);
        return result;

        void Copy(long published, long paired)
        {
            (long from, long to) = isReading ? (paired, published) : (published, paired);
            Buffer.MemoryCopy(values.Pointer + from * bytes, result.Pointer + to * bytes, bytes, bytes);
        }
    }
}
