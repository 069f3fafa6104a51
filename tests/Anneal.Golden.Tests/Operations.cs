namespace Anneal.Golden.Tests;

/// <summary>Which operations of the manifests Anneal has, and which not yet. One that is in neither table fails a test.</summary>
internal static partial class Operations
{
    /// <summary>How to compute each operation with Anneal.</summary>
    internal static readonly IReadOnlyDictionary<string, Runner> Runners = ((IEnumerable<KeyValuePair<string, Runner>>)
        [.. Elementwise, .. Activations, .. Arrangement, .. Reductions, .. Products, .. Images, .. Losses]).ToDictionary();

    /// <summary>Operations that a later issue brings.</summary>
    internal static readonly IReadOnlySet<string> NotYet = new HashSet<string>
    {
        "upsample_nearest", "upsample_bilinear", "cumsum", "topk", "sort",
        "conv1d", "conv1d_causal_dilated", "conv_transpose2d",
        "batch_norm_train", "batch_norm_eval", "layer_norm", "rms_norm", "group_norm", "instance_norm",
        "cross_entropy_smooth", "huber", "smooth_l1", "kl_div", "hinge", "cosine_similarity", "triplet_margin", "ctc",
        "rnn", "lstm", "gru",
        "sdpa", "sdpa_causal", "sdpa_mask", "sdpa_gqa", "multi_head", "transformer_encoder_layer",
        "rmsprop", "rmsprop_centered", "adagrad", "adadelta", "adamax", "nadam", "radam", "adamw_clip_norm", "sgd_clip_value",
        "schedule_step", "schedule_exponential", "schedule_cosine", "schedule_onecycle", "schedule_linear_warmup", "schedule_cosine_restarts",
        "metrics",
    };

    /// <summary>Whether a case can be run today.</summary>
    internal static bool IsHere(GoldenCase golden) => Runners.ContainsKey(golden.Operation) || Optimizers.ContainsKey(golden.Operation);

    private static Runner One(Func<GoldenArguments, Tensor> compute) => arguments => [compute(arguments)];

    private static Runner Unary(Func<Tensor, Tensor> compute) => One(a => compute(a["x"]));

    private static Runner Binary(Func<Tensor, Tensor, Tensor> compute) => One(a => compute(a["a"], a["b"]));
}
