namespace Anneal.Models;

/// <summary>The names of BERT's tensors, which RoBERTa's are made after.</summary>
internal static class BertNames
{
    internal static void MapEncoder(WeightTable table, string body, TextEncoder encoder)
    {
        table.Embedding(body + ".embeddings.word_embeddings.weight", encoder.Words);
        table.Embedding(body + ".embeddings.position_embeddings.weight", encoder.Positions);
        table.Embedding(body + ".embeddings.token_type_embeddings.weight", encoder.Types!);
        table.Norm(body + ".embeddings.LayerNorm", encoder.Norm);
        for (int i = 0; i < encoder.Blocks.Length; i++)
        {
            string prefix = FormattableString.Invariant($"{body}.encoder.layer.{i}");
            EncoderBlock block = encoder.Blocks[i];
            table.Linear(prefix + ".attention.self.query", block.Attention.Query!);
            table.Linear(prefix + ".attention.self.key", block.Attention.Key!);
            table.Linear(prefix + ".attention.self.value", block.Attention.Value!);
            table.Linear(prefix + ".attention.output.dense", block.Attention.Output);
            table.Norm(prefix + ".attention.output.LayerNorm", block.AttentionNorm);
            table.Linear(prefix + ".intermediate.dense", block.FeedForward.Inner);
            table.Linear(prefix + ".output.dense", block.FeedForward.Outer);
            table.Norm(prefix + ".output.LayerNorm", block.FeedForwardNorm);
        }

        if (encoder.Pooler is not null)
            table.Linear(body + ".pooler.dense", encoder.Pooler);
        table.Ignore("embeddings.position_ids");
        table.Ignore("embeddings.token_type_ids");
    }

    /// <summary>The projection on words, whose bias has two names. Tied heads have one tensor for both; untied ones two, of which the first counts.</summary>
    internal static void MapWords(WeightTable table, MaskedHead head, string projection, string bias, string words)
    {
        if (head.Projection is null)
        {
            table.Add(bias, head.Bias);
            table.Tied(projection + ".bias", bias);
            table.Tied(projection + ".weight", words);
            return;
        }

        table.Linear(projection, head.Projection);
        table.Add(projection + ".bias", head.Bias);
        table.Fallbacks[projection + ".bias"] = bias;
        table.Add(bias, head.SpareBias!);
        table.Optional.Add(bias);
    }
}
