using System.Globalization;
using Anneal.Saving;

namespace Anneal.Onnx;

/// <summary>
/// The file of an export, the one with its values where they lie apart, and the certificate. They are written to a folder of their own, compared with the model,
/// and moved to their places when all is well.
/// </summary>
internal sealed class ExportTarget(string path, OnnxFile file, bool separateValues)
{
    // Below the format's limit of 2 GB, with room for the nodes.
    private const long MostBytesWithin = 2_000_000_000;
    private const int Alignment = 64;

    /// <summary>Writes the files.</summary>
    /// <param name="check">From the path of the written graph to its certificate; fails where that must not take its place.</param>
    internal OnnxExportReport Write(Func<string, ParityCertificate> check)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, name = Path.GetFileName(path), values = name + ".data", proof = name + "." + ParityCertificate.FileName;
        string temporary = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $".{name}.{Guid.NewGuid():N}"));
        try
        {
            Directory.CreateDirectory(temporary);
            bool isApart = separateValues || file.Graph.Initializers.Sum(i => i.Data!.Type.ByteCount) > MostBytesWithin;
            if (isApart)
                MoveApart(Path.Combine(temporary, values), values);
            using (FileStream stream = File.Create(Path.Combine(temporary, name)))
            {
                OnnxWriter.Write(file).WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }

            long bytes = Directory.GetFiles(temporary).Sum(f => new FileInfo(f).Length);
            ParityCertificate certificate = check(Path.Combine(temporary, name));
            certificate.Write(Path.Combine(temporary, proof));

            // The graph goes first and comes last: whenever this is interrupted, none lies beside values or a certificate that are not its own.
            FileSwitch.Run(folder, isApart ? [values, proof, name] : [proof, name], n => n == values, temporary);
            return new OnnxExportReport(path, Count(file.Graph), bytes, certificate);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Writes the values of all weights to a file; the graph says where they lie.</summary>
    private void MoveApart(string target, string name)
    {
        using FileStream stream = File.Create(target);
        List<OnnxTensor> weights = file.Graph.Initializers;
        for (int i = 0; i < weights.Count; i++)
        {
            stream.Position = (stream.Position + Alignment - 1) / Alignment * Alignment;
            TensorData data = weights[i].Data!;
            var apart = new OnnxTensor
            {
                Name = weights[i].Name,
                ElementType = weights[i].ElementType,
                External = new Dictionary<string, string>
                {
                    ["location"] = name,
                    ["offset"] = stream.Position.ToString(CultureInfo.InvariantCulture),
                    ["length"] = data.Type.ByteCount.ToString(CultureInfo.InvariantCulture),
                },
            };
            apart.Dimensions.AddRange(data.Shape);
            const int Piece = 1 << 24;
            for (long start = 0; start < data.Type.ByteCount; start += Piece)
                stream.Write(data.AsBytes(start, (int)Math.Min(Piece, data.Type.ByteCount - start)));
            weights[i] = apart;
        }

        stream.Flush(flushToDisk: true);
    }

    private static int Count(OnnxGraph graph) => graph.Nodes.Sum(n => 1 + n.Attributes.Sum(a => a.Graph is { } inner ? Count(inner) : 0));
}
