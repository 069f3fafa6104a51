using System.Globalization;
using System.Text.RegularExpressions;

namespace Anneal.Models;

/// <summary>How the rows of a tensor of GGUF differ from those of the published one.</summary>
internal enum GgufRowOrder
{
    /// <summary>Not at all.</summary>
    Same,

    /// <summary>Rows of queries: the two halves of each head, which rotary positions pair, lie row by row side by side.</summary>
    PairedQueries,

    /// <summary>Rows of keys, likewise.</summary>
    PairedKeys,
}

/// <summary>A part of a model under its published name and its name in GGUF files, both without <c>weight</c> or <c>bias</c>; <c>{0}</c> is the layer.</summary>
/// <param name="Published">The published name.</param>
/// <param name="Gguf">The name in GGUF files.</param>
internal sealed record GgufName(string Published, string Gguf)
{
    /// <summary>How rows differ.</summary>
    internal GgufRowOrder Rows { get; init; }

    /// <summary>Whether a product's kernel, published as <c>[inputs, outputs]</c>, lies as <c>[outputs, inputs]</c>.</summary>
    internal bool IsTransposed { get; init; }
}

/// <summary>The names of tensors in GGUF files.</summary>
internal static partial class GgufNames
{
    internal const string Table = "token_embd.weight", Head = "output.weight", RotaryFactors = "rope_freqs.weight";

    /// <summary>The names of decoders in the manner of Llama.</summary>
    internal static IReadOnlyList<GgufName> Decoder { get; } = DecoderNames(isPaired: false);

    /// <summary>The names in files whose converter pairs the rows of queries and keys: those of Llama and Mistral.</summary>
    internal static IReadOnlyList<GgufName> PairedDecoder { get; } = DecoderNames(isPaired: true);

    /// <summary>The names of GPT-2.</summary>
    internal static IReadOnlyList<GgufName> Gpt2 { get; } =
    [
        new("transformer.wte", "token_embd"),
        new("transformer.wpe", "position_embd"),
        new("transformer.h.{0}.ln_1", "blk.{0}.attn_norm"),
        new("transformer.h.{0}.attn.c_attn", "blk.{0}.attn_qkv") { IsTransposed = true },
        new("transformer.h.{0}.attn.c_proj", "blk.{0}.attn_output") { IsTransposed = true },
        new("transformer.h.{0}.ln_2", "blk.{0}.ffn_norm"),
        new("transformer.h.{0}.mlp.c_fc", "blk.{0}.ffn_up") { IsTransposed = true },
        new("transformer.h.{0}.mlp.c_proj", "blk.{0}.ffn_down") { IsTransposed = true },
        new("transformer.ln_f", "output_norm"),
        new("lm_head", "output"),
    ];

    /// <summary>The name of a published tensor in GGUF files, and how it lies there.</summary>
    internal static (string Name, GgufName Part) Find(IReadOnlyList<GgufName> names, string published)
    {
        int dot = published.LastIndexOf('.');
        string part = published[..dot], layer = "";
        Match match = Layer().Match(part);
        if (match.Success)
        {
            layer = match.Groups[1].Value;
            part = string.Concat(part.AsSpan(0, match.Groups[1].Index), "{0}", part.AsSpan(match.Groups[1].Index + layer.Length));
        }

        GgufName found = names.FirstOrDefault(n => n.Published == part) ?? throw new InvalidOperationException($"GGUF has no name for {published}.");
        return (found.Gguf.Replace("{0}", layer, StringComparison.Ordinal) + published[dot..], found);
    }

    /// <summary>A tensor of a layer.</summary>
    internal static string OfLayer(int layer, string part) => string.Create(CultureInfo.InvariantCulture, $"blk.{layer}.{part}");

    private static GgufName[] DecoderNames(bool isPaired) =>
    [
        new("model.embed_tokens", "token_embd"),
        new("model.layers.{0}.input_layernorm", "blk.{0}.attn_norm"),
        new("model.layers.{0}.self_attn.q_proj", "blk.{0}.attn_q") { Rows = isPaired ? GgufRowOrder.PairedQueries : GgufRowOrder.Same },
        new("model.layers.{0}.self_attn.k_proj", "blk.{0}.attn_k") { Rows = isPaired ? GgufRowOrder.PairedKeys : GgufRowOrder.Same },
        new("model.layers.{0}.self_attn.v_proj", "blk.{0}.attn_v"),
        new("model.layers.{0}.self_attn.o_proj", "blk.{0}.attn_output"),
        new("model.layers.{0}.self_attn.q_norm", "blk.{0}.attn_q_norm"),
        new("model.layers.{0}.self_attn.k_norm", "blk.{0}.attn_k_norm"),
        new("model.layers.{0}.post_attention_layernorm", "blk.{0}.ffn_norm"),
        new("model.layers.{0}.post_self_attn_layernorm", "blk.{0}.post_attention_norm"),
        new("model.layers.{0}.post_mlp_layernorm", "blk.{0}.post_ffw_norm"),
        new("model.layers.{0}.mlp.gate_proj", "blk.{0}.ffn_gate"),
        new("model.layers.{0}.mlp.up_proj", "blk.{0}.ffn_up"),
        new("model.layers.{0}.mlp.gate_up_proj", "blk.{0}.ffn_up"),
        new("model.layers.{0}.mlp.down_proj", "blk.{0}.ffn_down"),
        new("model.norm", "output_norm"),
        new("lm_head", "output"),
    ];

    [GeneratedRegex(@"\.(\d+)\.")]
    private static partial Regex Layer();
}
