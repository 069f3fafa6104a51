using System.Runtime.CompilerServices;

namespace Anneal.Data;

/// <summary>Finds the tokens that a text begins with, code unit by code unit.</summary>
internal sealed class TokenTrie
{
    /// <summary>Where every walk begins.</summary>
    internal const int Root = 0;

    /// <summary>Says that there is no such node, or that no token ends at one.</summary>
    internal const int None = -1;

    private Edge[] _edges = new Edge[16];
    private int[] _values = new int[16];
    private int _nodes = 1, _mask = 15;

    internal TokenTrie()
    {
        Array.Fill(_edges, new Edge(ulong.MaxValue, None));
        Array.Fill(_values, None);
    }

    /// <summary>Adds a token; a later one of the same text takes its place.</summary>
    internal void Add(ReadOnlySpan<char> token, int value)
    {
        int node = Root;
        foreach (char unit in token)
        {
            int next = Next(node, unit);
            if (next == None)
            {
                next = _nodes++;
                if (2 * _nodes > _edges.Length)
                    Grow();
                Insert(_edges, _mask, new Edge(Key(node, unit), next));
                if (_nodes > _values.Length)
                {
                    int old = _values.Length;
                    Array.Resize(ref _values, 2 * old);
                    Array.Fill(_values, None, old, old);
                }
            }

            node = next;
        }

        _values[node] = value;
    }

    /// <summary>The node that a unit leads to, or <see cref="None"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int Next(int node, char unit)
    {
        ulong key = Key(node, unit);
        Edge[] edges = _edges;
        for (int index = IndexOf(key, _mask); ; index = (index + 1) & _mask)
        {
            ref readonly Edge edge = ref edges[index];
            if (edge.Key == key)
                return edge.Node;
            if (edge.Key == ulong.MaxValue)
                return None;
        }
    }

    /// <summary>The value of the token that ends at a node, or <see cref="None"/>.</summary>
    internal int ValueAt(int node) => _values[node];

    /// <summary>The node of a text, or <see cref="None"/>.</summary>
    internal int Find(ReadOnlySpan<char> text)
    {
        int node = Root;
        foreach (char unit in text)
        {
            node = Next(node, unit);
            if (node == None)
                break;
        }

        return node;
    }

    private static ulong Key(int node, char unit) => (ulong)(uint)node << 16 | unit;

    private static int IndexOf(ulong key, int mask)
    {
        ulong hash = key * 0x9E3779B97F4A7C15;
        return (int)(hash >> 32) & mask;
    }

    private static void Insert(Edge[] edges, int mask, Edge edge)
    {
        int index = IndexOf(edge.Key, mask);
        while (edges[index].Key != ulong.MaxValue)
            index = (index + 1) & mask;
        edges[index] = edge;
    }

    private void Grow()
    {
        var edges = new Edge[2 * _edges.Length];
        Array.Fill(edges, new Edge(ulong.MaxValue, None));
        int mask = edges.Length - 1;
        foreach (Edge edge in _edges)
        {
            if (edge.Key != ulong.MaxValue)
                Insert(edges, mask, edge);
        }

        (_edges, _mask) = (edges, mask);
    }

    private readonly record struct Edge(ulong Key, int Node);
}
