namespace Anneal.Models;

/// <summary>
/// What a decoder remembers of the tokens before: the keys and values of each layer. A pass through the decoder with a cache appends those of
/// its own tokens, and attends to whatever the cache gives back.
/// </summary>
internal abstract class KeyValueCache
{
    /// <summary>Keeps the keys and values of this pass's tokens.</summary>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="keys"><c>[batch, key heads, time, dimension]</c>, turned by their positions.</param>
    /// <param name="values"><c>[batch, key heads, time, dimension]</c>.</param>
    /// <returns>All that can be attended to, <c>[batch, key heads, capacity, dimension]</c>.</returns>
    internal abstract (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values);

    /// <summary>Which of the keys that <see cref="Append"/> gives each token of this pass may attend to: bool, broadcasting to <c>[batch, heads, time, capacity]</c>.</summary>
    /// <param name="window">How many tokens back a layer sees, its own included; null is all.</param>
    internal abstract Tensor Mask(int? window);

    /// <summary>
    /// Keeps the keys and values of this pass's tokens and attends to all that they may, where nothing but positions limits that; null where the
    /// cache leaves it to <see cref="Append"/> and <see cref="Mask"/>.
    /// </summary>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="query"><c>[batch, heads, time, dimension]</c>, turned by their positions.</param>
    /// <param name="keys"><c>[batch, key heads, time, dimension]</c>, turned by their positions.</param>
    /// <param name="values"><c>[batch, key heads, time, dimension]</c>.</param>
    /// <param name="limits">How many tokens back a layer sees, and what scores are multiplied by.</param>
    /// <returns><c>[batch, heads, time, dimension]</c>.</returns>
    internal virtual Tensor? Attend(int layer, Tensor query, Tensor keys, Tensor values, CachedLimits limits) => null;
}

/// <summary>The extents of what a decoder keeps for each token.</summary>
/// <param name="Layers">The number of layers.</param>
/// <param name="Heads">The heads of keys and values.</param>
/// <param name="Dimension">The features of each head.</param>
internal readonly record struct CacheExtents(int Layers, int Heads, int Dimension);

/// <summary>What limits attention to a cache.</summary>
/// <param name="Window">How many tokens back a token sees, its own included; null is all.</param>
/// <param name="Scale">What scores are multiplied by; null is 1 / √dimension.</param>
internal readonly record struct CachedLimits(int? Window, double? Scale);
