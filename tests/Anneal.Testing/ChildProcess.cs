using System.Diagnostics;
using System.Reflection;

namespace Anneal.Testing;

/// <summary>Runs a test assembly's own entry point in another process, with other settings of the runtime.</summary>
public static class ChildProcess
{
    /// <summary>Starts the assembly's program; its standard output is redirected.</summary>
    /// <param name="assembly">A test assembly with an entry point.</param>
    /// <param name="settings">Environment variables such as <c>DOTNET_EnableAVX512</c>.</param>
    /// <param name="arguments">The arguments of the program.</param>
    public static Process Start(Assembly assembly, IReadOnlyDictionary<string, string> settings, params IEnumerable<string> arguments)
    {
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        var start = new ProcessStartInfo(host, [assembly.Location, .. arguments]) { RedirectStandardOutput = true };
        foreach ((string name, string value) in settings)
            start.Environment[name] = value;
        return Process.Start(start) ?? throw new InvalidOperationException($"{host} did not start.");
    }

    /// <summary>Runs the assembly's program to its end and returns the lines that it printed; fails where it does.</summary>
    public static string[] Run(Assembly assembly, IReadOnlyDictionary<string, string> settings, params IEnumerable<string> arguments)
    {
        using Process child = Start(assembly, settings, arguments);
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        if (child.ExitCode != 0)
            throw new Xunit.Sdk.XunitException($"The child process ended with {child.ExitCode}:\n{output}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
