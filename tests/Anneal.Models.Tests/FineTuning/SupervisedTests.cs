using Anneal.Data;

namespace Anneal.Models.Tests;

/// <summary>Supervised fine-tuning: what the loss counts, and that a model that has learned ten conversations stops where the assistant stopped.</summary>
public sealed class SupervisedTests
{
    private const int User = 1, Assistant = 2, End = 3;

    /// <summary>
    /// Ten conversations of one or two turns. With the end of turn among what is learned the model writes the answers and stops; without it, it writes
    /// on, which shows that the end was learned and did not come by itself.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AModelTrainedOnTenConversationsStops(bool learnsEnd)
    {
        (int[] Prompt, int[] Answer)[][] conversations = Conversations();
        LlamaForCausalLM model = Small();
        SupervisedRows rows = SupervisedTexts.Pack([.. conversations.Select(c => Render(c, learnsEnd))], 48);
        model.Compile(new AdamW(1e-2), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Fit(rows.Data, new FitOptions { Epochs = 80, BatchSize = rows.Data.Count, Verbosity = Verbosity.Silent });
        var generator = new CausalGenerator(model, 48);
        int stopped = 0, turns = 0;
        foreach ((int[] Prompt, int[] Answer)[] conversation in conversations)
        {
            int[] text = [];
            foreach ((int[] prompt, int[] answer) in conversation)
            {
                text = [.. text, User, .. prompt, End, Assistant];
                int[] written = generator.Generate(text, new GenerationOptions { MaximumNewTokens = 12, EndTokens = [End] });
                if (learnsEnd)
                    Assert.Equal([.. answer, End], written);
                else
                    Assert.Equal(answer, written[..answer.Length]);
                stopped += written.Length == answer.Length + 1 && written[^1] == End ? 1 : 0;
                turns++;
                text = [.. text, .. answer, End];
            }
        }

        Assert.Equal(15, turns);
        Assert.True(learnsEnd ? stopped == turns : stopped < turns / 2, $"{stopped} of {turns} turns ended where they should");
    }

    /// <summary>The loss is the mean over the assistant's tokens of minus the logarithms of their probabilities, computed here from the logits of each text alone.</summary>
    [Theory]
    [InlineData("llama", true)]
    [InlineData("llama", false)]
    [InlineData("gpt2", true)]
    public void TheLossCountsTheAssistantsTokensAlone(string name, bool packs)
    {
        var model = (CausalLanguageModel)Published.Load(name);
        SupervisedText[] texts = [.. Conversations().Select(c => Render(c, learnsEnd: true))];
        SupervisedRows rows = packs ? SupervisedTexts.Pack(texts, 40) : SupervisedTexts.Pad(texts, new SequencePaddingOptions { Side = PaddingSide.Start });
        double sum = 0;
        int count = 0;
        foreach (SupervisedText text in texts)
        {
            double[] costs = Costs(model, text.Ids);
            for (int i = 1; i < text.Ids.Count; i++)
            {
                sum += text.Learned[i] ? costs[i] : 0;
                count += text.Learned[i] ? 1 : 0;
            }
        }

        Assert.Equal(count, rows.LearnedTokens);
        model.Compile(new Sgd(0.1), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        Assert.Equal(sum / count, model.Evaluate(rows.Data, batchSize: rows.Data.Count)["loss"], 1e-5);
    }

    internal static LlamaForCausalLM Small(long seed = 4) => new(new LlamaConfig
    {
        VocabularySize = 40,
        HiddenSize = 32,
        IntermediateSize = 64,
        LayerCount = 2,
        HeadCount = 4,
        KeyValueHeadCount = 2,
        HeadDimension = 8,
        MaximumPositions = 64,
    })
    {
        Seed = seed,
    };

    /// <summary>What each token costs given those before it, in double precision; the first costs nothing.</summary>
    internal static double[] Costs(CausalLanguageModel model, IReadOnlyList<int> ids)
    {
        TensorData logits = model.Predict(TensorData.From<long>([.. ids.Select(i => (long)i)], [1, ids.Count]));
        int classes = (int)logits.Shape[2];
        var costs = new double[ids.Count];
        for (int i = 1; i < ids.Count; i++)
        {
            double[] row = [.. Enumerable.Range(0, classes).Select(c => logits.GetDouble((i - 1) * classes + c))];
            double most = row.Max();
            costs[i] = most + Math.Log(row.Sum(r => Math.Exp(r - most))) - row[ids[i]];
        }

        return costs;
    }

    /// <summary>Answers of one to five tokens, so that no length is right for all.</summary>
    private static (int[] Prompt, int[] Answer)[][] Conversations()
    {
        var random = new Random(8);
        return [.. Enumerable.Range(0, 10).Select(i => Enumerable.Range(0, 1 + i % 2)
            .Select(turn => ((int[])[10 + i, 20 + turn], (int[])[.. Enumerable.Range(0, 1 + (i + 2 * turn) % 5).Select(_ => 22 + random.Next(18))])).ToArray())];
    }

    private static SupervisedText Render((int[] Prompt, int[] Answer)[] conversation, bool learnsEnd)
    {
        var ids = new List<int>();
        var learned = new List<bool>();
        foreach ((int[] prompt, int[] answer) in conversation)
        {
            Add([User, .. prompt, End, Assistant], false);
            Add(answer, true);
            Add([End], learnsEnd);
        }

        return new SupervisedText(ids, learned);

        void Add(int[] part, bool isLearned)
        {
            ids.AddRange(part);
            learned.AddRange(part.Select(_ => isLearned));
        }
    }
}
