namespace Anneal.Models;

/// <summary>
/// The rows in which a model continues texts, with what it remembers of each. A prompt is read alone, whatever stands in the other rows, so
/// that a text is continued in company as it is alone.
/// </summary>
internal abstract class DecodingSession(int rows, int vocabularySize)
{
    private readonly TensorData[] _logits = new TensorData[rows];
    private readonly int[] _at = new int[rows];

    /// <summary>How many texts are continued at once.</summary>
    internal int Rows { get; } = rows;

    /// <summary>The logits of a row's next token.</summary>
    internal ReadOnlySpan<float> Logits(int row) => _logits[row].AsSpan<float>().Slice(_at[row] * vocabularySize, vocabularySize);

    /// <summary>Begins rows with a text. Logits are there when all rows have begun and <see cref="Start"/> has run.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="copies">How many rows begin with this text.</param>
    /// <param name="text">The text; nothing has been made of it yet.</param>
    internal abstract void Begin(int first, int copies, GeneratedText text);

    /// <summary>Computes what all rows that have begun need before their first token.</summary>
    internal abstract void Start();

    /// <summary>Reads a token of each row and computes the logits of those behind them.</summary>
    /// <param name="tokens">The token of each row.</param>
    /// <param name="positions">Where each stands.</param>
    /// <param name="source">Of which row each goes on with the text; null is its own.</param>
    internal void Step(ReadOnlySpan<long> tokens, ReadOnlySpan<long> positions, ReadOnlySpan<long> source = default)
    {
        TensorData logits = Decode(TensorData.From(tokens, [Rows, 1]), TensorData.From(positions, [Rows]), source.IsEmpty ? null : TensorData.From(source, [Rows]));
        for (int row = 0; row < Rows; row++)
            (_logits[row], _at[row]) = (logits, row);
    }

    /// <summary>The logits <c>[rows, 1, vocabulary]</c>.</summary>
    protected abstract TensorData Decode(TensorData tokens, TensorData positions, TensorData? source);

    /// <summary>Gives rows the logits of their first token.</summary>
    protected void SetLogits(int first, int copies, TensorData logits)
    {
        for (int row = first; row < first + copies; row++)
            (_logits[row], _at[row]) = (logits, 0);
    }
}

/// <summary>The rows of a causal model: a prompt is one program's work, each further token of all rows another one's.</summary>
internal sealed class CausalSession : DecodingSession
{
    private const int SmallestBucket = 16;
    private readonly Program _prefill, _decode, _reorder;
    private readonly FixedCache _cache;
    private readonly int _contextLength;

    internal CausalSession(CausalLanguageModel model, Program prefill, int rows, int contextLength) : base(rows, model.VocabularySize)
    {
        var cache = new FixedCache(model.CacheExtents, rows, contextLength);
        (_prefill, _cache, _contextLength) = (prefill, cache, contextLength);
        _decode = Program.Compile(
            (ids, positions) => model.Apply(ids, positions.ExpandAxis(-1), cache.Decode(positions)), model.ProgramOptions("decoding", 1));
        _reorder = Program.Compile(
            (ids, positions, source) => model.Apply(ids, positions.ExpandAxis(-1), cache.Decode(positions, source)),
            model.ProgramOptions("decoding of chosen rows", 1));
    }

    /// <summary>The program that reads a token of each row: tokens <c>[rows, 1]</c> and positions <c>[rows]</c> to logits.</summary>
    internal Program DecodeProgram => _decode;

    /// <summary>
    /// The program that reads a prompt: tokens <c>[1, time]</c> and the place of the last one that counts <c>[1]</c> to the logits behind it and the
    /// keys and values of each layer.
    /// </summary>
    internal static Program PrefillOf(CausalLanguageModel model) => Program.Compile(
        inputs =>
        {
            (Tensor ids, Tensor last) = (inputs[0], inputs[1]);
            long time = ids.Shape[1];
            var cache = new PromptCache(time);

            // What fills the prompt up stands where its last token stands, so that no position lies behind the text.
            Tensor positions = Tensor.Minimum(Tensor.Range(time, DType.Int64), last);
            Tensor logits = model.Apply(ids, positions, cache, last);
            return [logits, .. cache.Appended];
        },
        model.ProgramOptions("prefill", 32));

    /// <summary>The length to which a prompt is filled up: a power of two, so that few programs serve all lengths.</summary>
    internal static int BucketOf(int length, int most)
    {
        long bucket = SmallestBucket;
        while (bucket < length)
            bucket *= 2;
        return (int)Math.Min(bucket, most);
    }

    /// <summary>Tokens filled up to a bucket, <c>[1, bucket]</c>.</summary>
    internal static TensorData Filled(ReadOnlySpan<int> tokens, int bucket)
    {
        var ids = new TensorData(DType.Int64, [1, bucket]);
        Span<long> to = ids.AsSpan<long>();
        for (int i = 0; i < tokens.Length; i++)
            to[i] = tokens[i];
        return ids;
    }

    internal override void Begin(int first, int copies, GeneratedText text)
    {
        int[] prompt = text.Prompt;
        TensorData[] results = _prefill.RunAll(Filled(prompt, BucketOf(prompt.Length, _contextLength)), TensorData.From([prompt.Length - 1L]));
        _cache.Fill(first, copies, results.AsSpan(1), prompt.Length);
        SetLogits(first, copies, results[0]);
    }

    internal override void Start()
    {
    }

    protected override TensorData Decode(TensorData tokens, TensorData positions, TensorData? source) =>
        source is null ? _decode.Run(tokens, positions) : _reorder.Run(tokens, positions, source);
}
