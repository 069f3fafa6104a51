namespace Anneal.Golden.Tests;

/// <content>Attention and the layers made of it.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Attention => new()
    {
        ["sdpa"] = One(a => Tensor.ScaledDotProductAttention(a["query"], a["key"], a["value"])),
        ["sdpa_mask"] = One(a => Tensor.ScaledDotProductAttention(a["query"], a["key"], a["value"], a["mask"])),
        ["sdpa_causal"] = One(a => Tensor.ScaledDotProductAttention(a["query"], a["key"], a["value"], causal: a.Flag("causal"))),
        ["sdpa_gqa"] = One(a =>
        {
            Assert.Equal(a.Integer("groups"), a["query"].Shape[1] / a["key"].Shape[1]);
            return Tensor.ScaledDotProductAttention(a["query"], a["key"], a["value"], causal: a.Flag("causal"));
        }),
        ["multi_head"] = One(a =>
        {
            var layer = new MultiHeadAttention(a.Integer("heads"));
            layer.Apply(a["x"]);
            BindAttention(layer, a, "");
            return layer.Apply(a["x"]);
        }),
        ["transformer_encoder_layer"] = One(a =>
        {
            var layer = new TransformerEncoderBlock(
                a.Integer("heads"), a.Integer("feedforward"), Enum.Parse<Activation>(a.Text("activation"), ignoreCase: true), preNorm: a.Flag("norm_first"));
            layer.Apply(a["x"]);
            BindAttention(layer.Attention, a, "self_attn.");
            Bind(layer, "feed_forward/up/kernel", a["linear1.weight"].Transpose());
            Bind(layer, "feed_forward/up/bias", a["linear1.bias"]);
            Bind(layer, "feed_forward/down/kernel", a["linear2.weight"].Transpose());
            Bind(layer, "feed_forward/down/bias", a["linear2.bias"]);
            Bind(layer, "attention_norm/gamma", a["norm1.weight"]);
            Bind(layer, "attention_norm/beta", a["norm1.bias"]);
            Bind(layer, "feed_forward_norm/gamma", a["norm2.weight"]);
            Bind(layer, "feed_forward_norm/beta", a["norm2.bias"]);
            return layer.Apply(a["x"]);
        }),
    };

    /// <summary>Queries, keys and values are stacked as rows <c>[3 · features, features]</c>.</summary>
    private static void BindAttention(MultiHeadAttention layer, GoldenArguments a, string prefix)
    {
        Tensor weights = a[prefix + "in_proj_weight"], biases = a[prefix + "in_proj_bias"];
        long features = weights.Shape[1];
        string[] parts = ["query", "key", "value"];
        for (int i = 0; i < parts.Length; i++)
        {
            Bind(layer, parts[i] + "/kernel", weights.Narrow(0, i * features, features).Transpose());
            Bind(layer, parts[i] + "/bias", biases.Narrow(0, i * features, features));
        }

        Bind(layer, "output/kernel", a[prefix + "out_proj.weight"].Transpose());
        Bind(layer, "output/bias", a[prefix + "out_proj.bias"]);
    }

    /// <summary>Lets a layer compute with an argument in place of one of its weights.</summary>
    private static void Bind(Layer layer, string name, Tensor value) =>
        Trace.Current!.Bind(layer.NamedVariables().Single(v => v.Name == $"{layer.Name}/{name}").Variable, value);
}
