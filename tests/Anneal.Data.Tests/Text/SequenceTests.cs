using CsCheck;

namespace Anneal.Data.Tests;

public sealed class SequenceTests
{
    private static readonly Gen<int[][]> Sequences = Gen.Int[1, 99].Array[0, 12].Array[1, 30];

    [Fact]
    public void ShortSequencesAreFilledUp()
    {
        PaddedSequences end = SequencePadding.Pad([[5, 6], [], [7, 8, 9]]);
        Assert.Equal([5, 6, 0, 0, 0, 0, 7, 8, 9], end.Tokens.ToArray<int>());
        Assert.Equal([true, true, false, false, false, false, true, true, true], end.Mask.ToArray<bool>());
        Assert.Equal("none of 3 sequences was truncated", end.Report.ToString());
        PaddedSequences start = SequencePadding.Pad([[5, 6], [7, 8, 9, 4]], new() { Length = 3, Side = PaddingSide.Start, Padding = -1, Truncation = Truncation.KeepEnd });
        Assert.Equal([-1, 5, 6, 8, 9, 4], start.Tokens.ToArray<int>());
        Assert.Equal("1 of 2 sequences were truncated, 1 of 6 tokens dropped", start.Report.ToString());
    }

    [Fact]
    public void PackedTextsAskForTheNextTokenOfTheirOwnText()
    {
        PackedSequences packed = SequencePacking.Pack([[7, 8], [1, 2, 3], [9]], length: 5);
        Assert.Equal([1, 2, 3, 7, 8, 9, 0, 0, 0, 0], packed.Tokens.ToArray<int>());
        Dataset data = packed.ToLanguageModelDataset();
        Batch batch = data.CreateBatch(2);
        data.Fill([0, 1], batch);
        Assert.Equal([2, 3, -100, 8, -100, -100, -100, -100, -100, -100], batch.Targets[0].ToArray<int>());
        Assert.Equal(4, batch.Inputs.Count);
        Assert.Equal(packed.Segments.ToArray<int>(), batch.Inputs[1].ToArray<int>());
        Assert.Equal([0, 1, 2, 0, 1, 0, 0, 0, 0, 0], batch.Inputs[2].ToArray<int>());
        Assert.Equal([1, 1, 1, 2, 2, 1, 0, 0, 0, 0], batch.Inputs[3].ToArray<int>());
    }

    [Fact]
    public void EveryTokenThatIsNotTheFirstOfItsTextIsATargetOnce() => Sequences.Sample(sequences =>
    {
        PackedSequences packed = SequencePacking.Pack(sequences, length: 12);
        Dataset data = packed.ToLanguageModelDataset(ignored: -1);
        Batch batch = data.CreateBatch(data.Count);
        data.Fill([.. Enumerable.Range(0, data.Count)], batch);
        Assert.Equal(sequences.SelectMany(s => s.Skip(1)).Order(), batch.Targets[0].ToArray<int>().Where(t => t >= 0).Order());
    });

    [Fact]
    public void NothingIsTruncatedUnlessItIsAllowed()
    {
        var mistake = Assert.Throws<DatasetException>(() => SequencePadding.Pad([[1], [1, 2, 3]], new() { Length = 2 }));
        Assert.Contains("Sequence 1 has 3 tokens, 1 more", mistake.Message, StringComparison.Ordinal);
        Assert.Throws<DatasetException>(() => SequencePacking.Pack([[1, 2, 3]], 2));
        Assert.Throws<DatasetException>(() => SequencePadding.Pad([]));
        Assert.Throws<DatasetException>(() => SequencePadding.Pad([[], []]));
        Assert.Throws<DatasetException>(() => SequencePacking.Pack([], 2));
        Assert.Throws<OptionException>(() => SequencePadding.Pad([[1]], new() { Length = 0 }));
        Assert.Throws<OptionException>(() => SequencePadding.Pad([[1]], new() { Truncation = (Truncation)9 }));
        Assert.Throws<OptionException>(() => SequencePacking.Pack([[1]], 0));
    }

    [Fact]
    public void PaddingKeepsEveryTokenOrCountsIt() =>
        Gen.Select(Sequences, Gen.Int[1, 12], Gen.Bool.Select(start => start ? Truncation.KeepStart : Truncation.KeepEnd), Gen.Bool.Select(start => start ? PaddingSide.Start : PaddingSide.End))
            .Sample((sequences, length, truncation, side) =>
            {
                PaddedSequences padded = SequencePadding.Pad(sequences, new() { Length = length, Truncation = truncation, Side = side });
                int[][] rows = [.. padded.Tokens.ToArray<int>().Chunk(length)];
                bool[][] masks = [.. padded.Mask.ToArray<bool>().Chunk(length)];
                for (int i = 0; i < sequences.Length; i++)
                {
                    int count = Math.Min(length, sequences[i].Length);
                    Assert.Equal(truncation == Truncation.KeepStart ? sequences[i][..count] : sequences[i][^count..], rows[i].Where((_, j) => masks[i][j]));
                    Assert.Equal(Enumerable.Range(0, length).Select(j => side == PaddingSide.End ? j < count : j >= length - count), masks[i]);
                    Assert.All(rows[i].Where((_, j) => !masks[i][j]), token => Assert.Equal(0, token));
                }

                Assert.Equal(sequences.Sum(s => Math.Max(0, s.Length - length)), padded.Report.Dropped);
                Assert.Equal(sequences.Count(s => s.Length > length), padded.Report.Truncated);
            });

    [Fact]
    public void PackingKeepsSequencesApart() => Gen.Select(Sequences, Gen.Int[12, 30], Gen.Bool).Sample((sequences, length, causal) =>
    {
        PackedSequences packed = SequencePacking.Pack(sequences, length);
        int[] tokens = packed.Tokens.ToArray<int>(), positions = packed.Positions.ToArray<int>(), segments = packed.Segments.ToArray<int>();
        int rows = (int)packed.Tokens.Shape[0];

        // Which sequence holds each place, by what the places say; none holds two.
        var owner = new int[rows * length];
        for (int i = 0; i < sequences.Length; i++)
        {
            PackedPlace place = packed.Places[i];
            int start = place.Row * length + place.Start;
            Assert.True(place.Start + place.Length <= length);
            Assert.Equal(sequences[i], tokens.Skip(start).Take(place.Length));
            Assert.Equal(Enumerable.Range(0, place.Length), positions.Skip(start).Take(place.Length));
            Assert.True(segments.Skip(start).Take(place.Length).Distinct().Count() <= 1);
            for (int j = start; j < start + place.Length; j++)
            {
                Assert.Equal(0, owner[j]);
                owner[j] = i + 1;
            }
        }

        bool[] mask = packed.AttentionMask(causal).ToArray<bool>();
        for (int place = 0; place < owner.Length; place++)
        {
            int row = place / length;
            Assert.Equal(owner[place] == 0, segments[place] == 0);
            if (owner[place] == 0)
                Assert.Equal((0, 0), (tokens[place], positions[place]));
            for (int key = 0; key < length; key++)
            {
                int other = row * length + key;
                bool together = owner[place] != 0 && owner[place] == owner[other];
                Assert.Equal(together, segments[place] != 0 && segments[place] == segments[other]);
                Assert.Equal(together && (!causal || other <= place), mask[place * length + key]);
            }
        }

        int used = sequences.Sum(s => s.Length), fewest = Math.Max(1, (used + length - 1) / length);
        Assert.InRange(rows, fewest, fewest * 2);
    });

    [Fact]
    public void AttentionDoesNotLookAcrossPackedTexts()
    {
        int[][] texts = [[3, 5, 7, 2], [4, 4], [9, 1, 6]];
        PackedSequences packed = SequencePacking.Pack(texts, 10);
        Assert.Equal(1, packed.Tokens.Shape[0]);
        var embedding = new Embedding(10, 8);
        var places = new PositionalEmbedding(10);
        var block = new TransformerEncoderBlock(2, 16);
        float[] together = block.Apply(
            places.Apply(embedding.Apply(Tensor.From(packed.Tokens)), Tensor.From(packed.Positions)), Tensor.From(packed.AttentionMask())).ToArray<float>();
        for (int i = 0; i < texts.Length; i++)
        {
            float[] alone = block.Apply(places.Apply(embedding.Apply(Tensor.From(texts[i], [1, texts[i].Length])))).ToArray<float>();
            int start = packed.Places[i].Start * 8;
            for (int j = 0; j < alone.Length; j++)
                Assert.InRange(together[start + j] - alone[j], -1e-5f, 1e-5f);
        }
    }
}
