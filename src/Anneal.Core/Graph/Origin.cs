using System.Diagnostics;
using System.Globalization;

namespace Anneal.Graphs;

/// <summary>Where a node comes from: the path of the layer that recorded it and, where the runtime knows, the user's source line.</summary>
/// <param name="LayerPath">Such as <c>sequential/conv2d_1</c>; empty outside a layer.</param>
/// <param name="File">The user's source file, or null.</param>
/// <param name="Line">The line in it, or 0.</param>
internal sealed record Origin(string LayerPath, string? File, int Line)
{
    internal static readonly Origin Unknown = new("", null, 0);

    /// <summary>Walks the stack to the first frame outside of Anneal's own assemblies.</summary>
    internal static Origin Capture(string layerPath)
    {
        // Files and lines take long to find: only those of the frames that may be the user's are asked for.
        var stack = new StackTrace(1, fNeedFileInfo: false);
        for (int i = 1; i < stack.FrameCount; i++)
        {
            if (OwnCode.Contains(stack.GetFrame(i)!))
                continue;
            var frame = new StackFrame(i + 1, needFileInfo: true);
            if (frame.GetFileName() is { } file)
                return new Origin(layerPath, file, frame.GetFileLineNumber());
        }

        return new Origin(layerPath, null, 0);
    }

    /// <summary>Such as <c>layer sequential/dense_1 (Program.cs:12)</c>; empty where nothing is known.</summary>
    public override string ToString()
    {
        string line = File is null ? "" : $"{Path.GetFileName(File)}:{Line.ToString(CultureInfo.InvariantCulture)}";
        return (LayerPath, line) switch
        {
            ("", "") => "",
            ("", _) => line,
            (_, "") => $"layer {LayerPath}",
            _ => $"layer {LayerPath} ({line})",
        };
    }
}
