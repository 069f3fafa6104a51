namespace Anneal.Models;

/// <summary>
/// The rows of a model that reads one text and writes another: the encoder reads each text once, and the keys and values that the decoder's layers
/// make of it are kept beside those of what is written.
/// </summary>
internal sealed class EncoderDecoderSession : DecodingSession
{
    private readonly Program _encode, _decode, _reorder;
    private readonly FixedCache _written, _memory;
    private readonly int _contextLength;
    private readonly TensorData _lengths;
    private readonly long[] _starts;

    internal EncoderDecoderSession(T5ForConditionalGeneration model, Program encode, int rows, int contextLength) : base(rows, model.Config.VocabularySize)
    {
        (_encode, _contextLength) = (encode, contextLength);
        _written = new FixedCache(model.CacheExtents, rows, contextLength);
        _memory = new FixedCache(model.CacheExtents, rows, contextLength);
        _lengths = new TensorData(DType.Int64, [rows]);
        _starts = new long[rows];

        // Texts whose rows have not begun attend to a token of zeros; nobody reads what comes of it.
        _lengths.AsSpan<long>().Fill(1);
        _decode = Program.Compile(
            (ids, positions, lengths) => Logits(ids, positions, lengths, null), model.ProgramOptions("decoding", 1));
        _reorder = Program.Compile(
            inputs => [Logits(inputs[0], inputs[1], inputs[2], inputs[3])], model.ProgramOptions("decoding of chosen rows", 1));

        Tensor Logits(Tensor ids, Tensor positions, Tensor lengths, Tensor? source) => model.ApplyAll([ids], inputs =>
        {
            // All rows write their tokens in step, so that one position and one bias of distances serve all of them. Rows that have ended stay behind.
            Tensor position = positions.Max().Reshape(1);
            KeyValueCache cache = _written.Decode(positions, source);
            Tensor counted = Tensor.Range(contextLength, DType.Int64).LessThan(lengths.ExpandAxis(-1)).Reshape(rows, 1, 1, contextLength);
            return [model.Logits(model.Decode(inputs[0], position, contextLength, cache.Mask(null), null, counted, _memory.Read(), cache))];
        })[0];
    }

    /// <summary>
    /// The program that reads a text: tokens <c>[1, time]</c> and how many of them count <c>[1]</c> to the keys and values that each layer of the decoder
    /// makes of it.
    /// </summary>
    internal static Program EncodeOf(T5ForConditionalGeneration model) => Program.Compile(
        x => model.ApplyAll([x[0]], inputs =>
        {
            Tensor counted = Tensor.Range(inputs[0].Shape[1], DType.Int64).LessThan(x[1]).ExpandAxis(0);
            return [.. model.ProjectMemory(model.Encode(inputs[0], counted)).SelectMany(l => new[] { l.Keys, l.Values })];
        }),
        model.ProgramOptions("encoder", 32));

    internal override void Begin(int first, int copies, GeneratedText text)
    {
        int[] read = text.Read!;
        TensorData[] layers = _encode.RunAll(CausalSession.Filled(read, CausalSession.BucketOf(read.Length, _contextLength)), TensorData.From([(long)read.Length]));
        _memory.Fill(first, copies, layers, read.Length);
        _lengths.AsSpan<long>().Slice(first, copies).Fill(read.Length);
        _starts.AsSpan(first, copies).Fill(text.Prompt[0]);
    }

    /// <summary>The token with which all texts begin is read like any other.</summary>
    internal override void Start() => Step(_starts, new long[Rows]);

    protected override TensorData Decode(TensorData tokens, TensorData positions, TensorData? source) =>
        source is null ? _decode.Run(tokens, positions, _lengths) : _reorder.RunAll(tokens, positions, _lengths, source)[0];
}
