namespace Anneal.Models;

/// <summary>A model with the encoder of DistilBERT (Sanh et al., 2019) and a head.</summary>
public abstract class DistilBertModel : TextEncoderModel
{
    private protected DistilBertModel(DistilBertConfig config, string? name) : base(config, config.EncoderOptions, name)
    {
    }

    /// <summary>What the model looks like.</summary>
    public new DistilBertConfig Config => (DistilBertConfig)base.Config;

    internal override string BodyPrefix => "distilbert";

    internal override void MapWeights(WeightTable table)
    {
        table.Embedding("distilbert.embeddings.word_embeddings.weight", Encoder.Words);
        table.Embedding("distilbert.embeddings.position_embeddings.weight", Encoder.Positions);
        table.Norm("distilbert.embeddings.LayerNorm", Encoder.Norm);
        for (int i = 0; i < Encoder.Blocks.Length; i++)
        {
            string prefix = FormattableString.Invariant($"distilbert.transformer.layer.{i}");
            EncoderBlock block = Encoder.Blocks[i];
            table.Linear(prefix + ".attention.q_lin", block.Attention.Query!);
            table.Linear(prefix + ".attention.k_lin", block.Attention.Key!);
            table.Linear(prefix + ".attention.v_lin", block.Attention.Value!);
            table.Linear(prefix + ".attention.out_lin", block.Attention.Output);
            table.Norm(prefix + ".sa_layer_norm", block.AttentionNorm);
            table.Linear(prefix + ".ffn.lin1", block.FeedForward.Inner);
            table.Linear(prefix + ".ffn.lin2", block.FeedForward.Outer);
            table.Norm(prefix + ".output_layer_norm", block.FeedForwardNorm);
        }

        table.Ignore("embeddings.position_ids");
        MapHead(table);
    }

    private protected abstract void MapHead(WeightTable table);
}
