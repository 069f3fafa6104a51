using System.Text.Json;

namespace Anneal.Data;

/// <summary>WordPiece (Wu et al., 2016): the longest token that a word begins with, then the longest that goes on, or the word is unknown.</summary>
internal sealed class WordPieceModel : TokenModel
{
    internal WordPieceModel(Vocabulary vocabulary, string unknownToken, string continuingSubwordPrefix, int maxInputCharsPerWord) : base(vocabulary)
    {
        (UnknownToken, ContinuingSubwordPrefix, MaxInputCharsPerWord) = (unknownToken, continuingSubwordPrefix, maxInputCharsPerWord);
        UnknownId = vocabulary.TryGetId(unknownToken, out int id) ? id : -1;
        foreach ((string token, int tokenId) in vocabulary.Pairs)
            Trie.Add(token, tokenId);
        ContinuingNode = Trie.Find(continuingSubwordPrefix);
    }

    internal string UnknownToken { get; }

    internal int UnknownId { get; }

    internal string ContinuingSubwordPrefix { get; }

    /// <summary>Words of more code points are unknown.</summary>
    internal int MaxInputCharsPerWord { get; }

    internal TokenTrie Trie { get; } = new();

    /// <summary>Where tokens that continue a word begin in the trie.</summary>
    internal int ContinuingNode { get; }

    internal override ModelSession CreateSession() => new Session(this);

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "WordPiece");
        json.WriteString("unk_token", UnknownToken);
        json.WriteString("continuing_subword_prefix", ContinuingSubwordPrefix);
        json.WriteNumber("max_input_chars_per_word", MaxInputCharsPerWord);
        WriteVocabulary(json, Vocabulary);
        json.WriteEndObject();
    }

    private sealed class Session(WordPieceModel model) : CachingSession
    {
        protected override void Find(ReadOnlySpan<char> word)
        {
            if (!IsShort(word))
            {
                Add(model.UnknownId, 0, word.Length);
                return;
            }

            for (int start = 0; start < word.Length;)
            {
                int node = start == 0 ? TokenTrie.Root : model.ContinuingNode, best = -1, bestEnd = start;
                for (int i = start; i < word.Length && node != TokenTrie.None;)
                {
                    node = model.Trie.Next(node, word[i++]);
                    if (node != TokenTrie.None && model.Trie.ValueAt(node) is var id && id >= 0)
                        (best, bestEnd) = (id, i);
                }

                if (best < 0)
                {
                    Discard();
                    Add(model.UnknownId, 0, word.Length);
                    return;
                }

                Add(best, start, bestEnd);
                start = bestEnd;
            }
        }

        private bool IsShort(ReadOnlySpan<char> word)
        {
            if (word.Length <= model.MaxInputCharsPerWord)
                return true;
            int count = 0;
            for (int i = 0; i < word.Length && count <= model.MaxInputCharsPerWord; count++)
            {
                CodePoints.At(word, i, out int length);
                i += length;
            }

            return count <= model.MaxInputCharsPerWord;
        }
    }
}

/// <summary>Words as a whole.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, string unknownToken) : TokenModel(vocabulary)
{
    private readonly int _unknownId = vocabulary.TryGetId(unknownToken, out int id) ? id : -1;

    internal override ModelSession CreateSession() => new Session(this);

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type", "WordLevel");
        WriteVocabulary(json, Vocabulary);
        json.WriteString("unk_token", unknownToken);
        json.WriteEndObject();
    }

    private sealed class Session(WordLevelModel model) : ModelSession
    {
        internal override void Encode(ReadOnlySpan<char> word, int offset, TokenBuffer tokens) =>
            tokens.Add(model.Vocabulary.TryGetId(word, out int id) ? id : model._unknownId, offset, offset + word.Length);
    }
}
