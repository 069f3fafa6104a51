namespace Anneal;

/// <summary>The base of every error that Anneal reports on purpose: one sealed type for each kind of mistake.</summary>
public abstract class AnnealException : Exception
{
    // Internal: the set of error types is closed to users, yet open to the assemblies above that see the internals of this one.
    internal AnnealException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

/// <summary>Shapes do not fit together.</summary>
public sealed class ShapeException(string message) : AnnealException(message);

/// <summary>A tensor has the wrong data type.</summary>
public sealed class DTypeException(string message) : AnnealException(message);

/// <summary>A tensor or variable is used where its trace does not reach.</summary>
public sealed class TraceException(string message) : AnnealException(message);

/// <summary>A graph breaks a rule of graphs: a defect of a pass or an operation, not of the user's program.</summary>
public sealed class GraphException(string message) : AnnealException(message);

/// <summary>A device cannot run a program: no kernel for an operation or data type. Thrown when the program is compiled.</summary>
public sealed class DeviceException(string message) : AnnealException(message);

/// <summary>A value lies outside of what an option or argument allows.</summary>
public sealed class OptionException(string message) : AnnealException(message);
