namespace Anneal.Data.Tests;

/// <summary>Texts of which a part is learned, and pairs of answers, as rows.</summary>
public sealed class SupervisedTextTests
{
    private const int No = -100;

    // Two turns: what is learned are 12, 13, 3 and 15, 3.
    private static readonly SupervisedText Turns = new([1, 11, 2, 12, 13, 3, 1, 14, 2, 15, 3], [false, false, false, true, true, true, false, false, false, true, true]);
    private static readonly SupervisedText Answer = SupervisedText.OfAnswer([1, 21], [22], end: 3);

    [Fact]
    public void AnAnswerIsLearnedWithItsEnd()
    {
        Assert.Equal([1, 21, 22, 3], Answer.Ids);
        Assert.Equal([false, false, true, true], Answer.Learned);
        Assert.Equal([1, 21, 22], SupervisedText.OfAnswer([1, 21], [22], end: null).Ids);
    }

    /// <summary>What a template renders is learned where the assistant speaks, with what ends its turns; of a preference the last turn alone.</summary>
    [Theory]
    [InlineData("{% for m in messages %}{{ m.role[0] }}{{ m.content }}<e>{% endfor %}{% if add_generation_prompt %}a{% endif %}")]
    [InlineData("{% for m in messages %}{{ m.role[0] }}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<e>{% endgeneration %}{% else %}{{ m.content }}<e>{% endif %}{% endfor %}")]
    public void AConversationIsLearnedAsItsTemplateRendersIt(string text)
    {
        ChatTemplate template = ChatTemplate.Parse(text);
        Tokenizer tokenizer = CharacterTrainer.Train(["uaxyz<>e"], new CharacterTrainingOptions { UnknownToken = "?", SpecialTokens = [AddedToken.Special("<e>")] });
        ChatMessage[] turns = [ChatMessage.User("x<e>"), ChatMessage.Assistant("yz"), ChatMessage.User("x"), ChatMessage.Assistant("z")];
        SupervisedText talk = SupervisedText.OfConversation(template, new ChatConversation(turns), tokenizer);
        Assert.Equal("ux<e><e>ayz<e>ux<e>az<e>", tokenizer.Decode([.. talk.Ids], skipSpecialTokens: false));
        Assert.Equal("yz<e>z<e>", Learned(talk));
        Assert.Equal(tokenizer.IdOf("<e>"), talk.Ids[^1]);
        Assert.Equal(4, talk.Ids.Count(id => id == tokenizer.IdOf("<e>")));

        PreferencePair pair = PreferencePair.OfConversation(template, new ChatConversation(turns[..3]), ChatMessage.Assistant("zz"), ChatMessage.Assistant("y"), tokenizer);
        Assert.Equal(("zz<e>", "y<e>"), (Learned(pair.Chosen), Learned(pair.Rejected)));
        Assert.Equal(pair.Chosen.Ids.SkipLast(3), pair.Rejected.Ids.SkipLast(2));
        Assert.Throws<DatasetException>(() => PreferencePair.OfConversation(template, new ChatConversation(turns[..3]), ChatMessage.User("z"), ChatMessage.Assistant("y"), tokenizer));
        Assert.Throws<DatasetException>(() => SupervisedText.OfConversation(template, new ChatConversation(turns[..1]), tokenizer));

        string Learned(SupervisedText of) => tokenizer.Decode([.. of.Ids.Where((_, i) => of.Learned[i])], skipSpecialTokens: false);
    }

    [Fact]
    public void RowsThatAreFilledUpHaveLabelsWhereTheNextTokenIsLearned()
    {
        SupervisedRows rows = SupervisedTexts.Pad([Answer, Turns]);
        (int[][] inputs, int[] labels) = Read(rows.Data);
        Assert.Equal([1, 21, 22, 3, 0, 0, 0, 0, 0, 0, 0, 1, 11, 2, 12, 13, 3, 1, 14, 2, 15, 3], inputs[0]);
        Assert.Equal([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], inputs[1]);
        Assert.Equal([No, 22, 3, No, No, No, No, No, No, No, No, No, No, 12, 13, 3, No, No, No, 15, 3, No], labels);
        Assert.Equal((7L, 0), (rows.LearnedTokens, rows.Unlearned));
        (inputs, labels) = Read(SupervisedTexts.Pad([Answer], new SequencePaddingOptions { Length = 6, Side = PaddingSide.Start, Padding = 9 }).Data);
        Assert.Equal([9, 9, 1, 21, 22, 3], inputs[0]);
        Assert.Equal([0, 0, 1, 1, 1, 1], inputs[1]);
        Assert.Equal([No, No, No, 22, 3, No], labels);
    }

    [Fact]
    public void PackedRowsKeepTextsApart()
    {
        SupervisedRows rows = SupervisedTexts.Pack([Answer, Turns, Answer], 16, padding: 9);
        (int[][] inputs, int[] labels) = Read(rows.Data);
        Assert.Equal([1, 11, 2, 12, 13, 3, 1, 14, 2, 15, 3, 1, 21, 22, 3, 9, 1, 21, 22, 3, .. Enumerable.Repeat(9, 12)], inputs[0]);
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 0, 1, 1, 1, 1, .. new int[12]], inputs[3]);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 0, 0, 1, 2, 3, .. new int[12]], inputs[2]);
        Assert.Equal([No, No, 12, 13, 3, No, No, No, 15, 3, No, No, 22, 3, No, No, No, 22, 3, No, .. Enumerable.Repeat(No, 12)], labels);
        Assert.Equal(9, rows.LearnedTokens);
    }

    [Fact]
    public void WhatIsCutOffIsCounted()
    {
        SupervisedRows start = SupervisedTexts.Pad([Answer, Turns], new SequencePaddingOptions { Length = 3, Truncation = Truncation.KeepStart });
        Assert.Equal([No, 22, No, No, No, No], Read(start.Data).Labels);
        Assert.Equal((1L, 1, 2), (start.LearnedTokens, start.Unlearned, start.Report.Truncated));
        SupervisedRows end = SupervisedTexts.Pack([Answer, Turns], 4, Truncation.KeepEnd);
        Assert.Equal([14, 2, 15, 3], Read(end.Data).Inputs[0][^4..]);
        Assert.Equal([No, 22, 3, No, No, 15, 3, No], Read(end.Data).Labels);
        Assert.Equal((4L, 0, 1), (end.LearnedTokens, end.Unlearned, end.Report.Truncated));
        Assert.Throws<DatasetException>(() => SupervisedTexts.Pack([Answer, Turns], 4));
    }

    [Fact]
    public void TextsWithoutAnythingToLearnAreRefused()
    {
        Assert.Throws<DatasetException>(() => new SupervisedText([1, 2], [true, false]));
        Assert.Throws<DatasetException>(() => new SupervisedText([1, 2], [true]));
        Assert.Throws<DatasetException>(() => new SupervisedText([], []));
        Assert.Throws<DatasetException>(() => SupervisedText.OfAnswer([1], [], end: null));
    }

    [Fact]
    public void PairsStandSideBySide()
    {
        PreferenceRows rows = PreferencePairs.Pad([PreferencePair.OfAnswers([1, 5], [6, 7], [8], 3), new(Answer, Answer)], padding: 9);
        Assert.Equal([2, 2, 5], rows.Tokens.Shape);
        Assert.Equal([1, 5, 6, 7, 3, 1, 5, 8, 3, 9, 1, 21, 22, 3, 9, 1, 21, 22, 3, 9], rows.Tokens.ToArray<int>());
        Assert.Equal([No, 6, 7, 3, No, No, 8, 3, No, No, No, 22, 3, No, No, No, 22, 3, No, No], rows.Labels.ToArray<int>());
        Assert.Equal(2, rows.ToDataset().Inputs.Count);
        Assert.Equal(3, rows.ToDataset(new TensorData(DType.Float32, [2, 2])).Inputs.Count);
        Assert.Throws<DatasetException>(() => rows.ToDataset(new TensorData(DType.Float32, [3, 2])));
        Assert.Equal([6, 7, 3, 5, 8, 3], PreferencePairs.Pad([PreferencePair.OfAnswers([1, 5], [6, 7], [8], 3)], 3, Truncation.KeepEnd).Tokens.ToArray<int>());
        var error = Assert.Throws<DatasetException>(() => PreferencePairs.Pad([new(Answer, Answer), new(Answer, Turns)], 3, Truncation.KeepStart));
        Assert.Contains("rejected text of pair 1", error.Message, StringComparison.Ordinal);
    }

    private static (int[][] Inputs, int[] Labels) Read(Dataset data)
    {
        Batch batch = data.CreateBatch(data.Count);
        data.Fill([.. Enumerable.Range(0, data.Count)], batch);
        return ([.. batch.Inputs.Select(Whole)], Whole(batch.Targets[0]));
    }

    private static int[] Whole(TensorData data) => [.. Enumerable.Range(0, (int)data.Shape.ElementCount).Select(i => (int)data.GetDouble(i))];
}
