using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;

namespace Anneal.Graphs;

/// <summary>Which code is Anneal's own: the line that an error names lies outside of it.</summary>
internal static class OwnCode
{
    private static readonly string[] Names = ["Anneal", "Anneal.Core", "Anneal.Cpu", "Anneal.Data", "Anneal.Models", "Anneal.Onnx", "Anneal.Extensions.AI"];
    private static readonly ConcurrentDictionary<Assembly, bool> Known = new();

    internal static bool Contains(Assembly assembly) => Known.GetOrAdd(assembly, static a => Contains(a.FullName));

    /// <summary>Whether a frame runs own code, or the runtime's below it.</summary>
    internal static bool Contains(StackFrame frame)
    {
        string? assembly = DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName;
        return assembly is null || assembly.StartsWith("System.", StringComparison.Ordinal) || Contains(assembly);
    }

    private static bool Contains(string? displayName) => displayName is not null
        && Names.Contains(displayName.Split(',')[0], StringComparer.Ordinal);
}
