using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Anneal;

/// <summary>The extents of a tensor, outermost axis first. Immutable; compares by value. The empty shape is a scalar.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>, IReadOnlyList<long>
{
    private readonly long[]? _extents;

    /// <summary>Makes a shape of these extents.</summary>
    /// <exception cref="ShapeException">An extent is negative, or the number of elements passes 2^62.</exception>
    public Shape(params ReadOnlySpan<long> extents)
    {
        UInt128 count = 1;
        foreach (long extent in extents)
        {
            if (extent < 0)
                throw new ShapeException($"A shape cannot have the extent {extent}: extents are at least 0.");
            count *= (UInt128)Math.Max(extent, 1);
            if (count > 1UL << 62)
                throw new ShapeException("The shape has more than 2^62 elements.");
        }

        _extents = extents.ToArray();
    }

    /// <summary>The shape of a single value.</summary>
    public static Shape Scalar => default;

    /// <summary>Makes a shape from a collection expression such as <c>[2, 3]</c>.</summary>
    public static Shape Create(ReadOnlySpan<long> extents) => new(extents);

    /// <summary>The number of axes.</summary>
    public int Rank => Extents.Length;

    int IReadOnlyCollection<long>.Count => Rank;

    /// <summary>The number of elements: the product of the extents, 1 for a scalar.</summary>
    public long ElementCount
    {
        get
        {
            long count = 1;
            foreach (long extent in Extents)
                count *= extent;
            return count;
        }
    }

    /// <summary>The extents as a span.</summary>
    public ReadOnlySpan<long> Extents => _extents;

    /// <summary>The extent of an axis.</summary>
    public long this[int axis] => Extents[axis];

    /// <summary>The extent of an axis; <c>^1</c> is the last.</summary>
    public long this[Index axis] => Extents[axis.GetOffset(Rank)];

    /// <summary>The extents of a range of axes.</summary>
    public Shape this[Range axes] => new(Extents[axes]);

    /// <summary>The extents as a new array.</summary>
    public long[] ToArray() => Extents.ToArray();

    /// <summary>This shape followed by another.</summary>
    public Shape Concat(Shape other) => new([.. Extents, .. other.Extents]);

    /// <summary>Turns an axis counted from the end (-1 is the last) into one counted from the start.</summary>
    /// <exception cref="ShapeException">The shape has no such axis.</exception>
    public int Axis(int axis)
    {
        int counted = axis < 0 ? axis + Rank : axis;
        if ((uint)counted >= (uint)Rank)
            throw new ShapeException($"Shape {this} has no axis {axis}: axes run from {-Rank} to {Rank - 1}.");
        return counted;
    }

    /// <summary>The shape that two operands take together under the rules of broadcasting, or null where they do not fit.</summary>
    public static Shape? Broadcast(Shape left, Shape right)
    {
        int rank = Math.Max(left.Rank, right.Rank);
        var extents = new long[rank];
        for (int i = 1; i <= rank; i++)
        {
            long a = i <= left.Rank ? left[^i] : 1, b = i <= right.Rank ? right[^i] : 1;
            if (a != b && a != 1 && b != 1)
                return null;
            extents[^i] = a == 1 ? b : a;
        }

        return new Shape(extents);
    }

    /// <summary>Whether a tensor of this shape can be broadcast to <paramref name="target"/>.</summary>
    public bool BroadcastsTo(Shape target) => Broadcast(this, target) is { } both && both == target;

    /// <inheritdoc/>
    public bool Equals(Shape other) => Extents.SequenceEqual(other.Extents);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (long extent in Extents)
            hash.Add(extent);
        return hash.ToHashCode();
    }

    /// <summary>Whether two shapes have the same extents.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether two shapes differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>A shape of one axis.</summary>
    public static implicit operator Shape(long extent) => new(extent);

    /// <summary>A shape of these extents.</summary>
    public static implicit operator Shape(long[] extents) => new(extents);

    /// <inheritdoc/>
    public IEnumerator<long> GetEnumerator() => ((IEnumerable<long>)(_extents ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The extents in brackets, such as <c>[64, 28, 28, 1]</c>.</summary>
    public override string ToString() => "[" + string.Join(", ", (_extents ?? []).Select(e => e.ToString(CultureInfo.InvariantCulture))) + "]";
}
