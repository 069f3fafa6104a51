namespace Anneal.Models;

/// <summary>Rows of tables whose padding row is not trained.</summary>
internal static class TokenEmbedding
{
    /// <summary>The rows of a table at ids; none of the gradient of padding arrives at its row.</summary>
    /// <param name="table">The table.</param>
    /// <param name="ids">Whole numbers <c>[batch, time]</c>.</param>
    /// <param name="paddingId">The id whose row gets no gradient; null where there is none.</param>
    internal static Tensor Rows(Embedding table, Tensor ids, int? paddingId)
    {
        Tensor rows = table.Apply(ids);
        return paddingId is { } padding && padding < table.VocabularySize
            ? Tensor.Select(ids.EqualTo(padding).ExpandAxis(-1).BroadcastTo(rows.Shape), rows.StopGradient(), rows)
            : rows;
    }
}
