using Anneal.Data;
using Anneal.Models;
using Anneal.Testing;
using Microsoft.Extensions.AI;
using Message = Microsoft.Extensions.AI.ChatMessage;
using Turn = Anneal.Data.ChatMessage;

namespace Anneal.Extensions.AI.Tests;

/// <summary>One template from training to the chat client: what it renders is learned, saved with the model, and what the client asks with.</summary>
public sealed class FineTunedChatTests
{
    private const string Template = """
        {% for m in messages %}
        {{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}
        {%- endfor %}
        {% if add_generation_prompt %}
        {{ '<|im_start|>assistant\n' }}
        {%- endif %}
        """;

    private static readonly string[] Names = ["ann", "bo", "cy", "di", "ed", "flo", "gus", "hal", "ida", "jo"];

    private static readonly ChatTemplate Chat = ChatTemplate.Parse(Template);

    private static readonly Tokenizer Tokenizer = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz \n<>|_"], new CharacterTrainingOptions
    {
        UnknownToken = "?",
        SpecialTokens = [AddedToken.Special("<|im_start|>"), AddedToken.Special("<|im_end|>")],
    });

    /// <summary>Ten conversations of one or two turns, with answers of one to ten characters.</summary>
    private static ChatConversation[] Conversations { get; } =
    [
        .. Names.Select((name, i) => new ChatConversation(
            [Turn.User(name), Turn.Assistant("hi " + name), .. i % 2 == 0 ? (Turn[])[Turn.User("bye"), Turn.Assistant(new string((char)('a' + i), 1 + i))] : []])),
    ];

    /// <summary>
    /// A model that has learned ten conversations through its template, and was saved and loaded, answers each question through the client and ends by itself. Nothing says
    /// to it which token ends a turn: its configuration has none, the template has.
    /// </summary>
    [Fact]
    public async Task AModelTrainedThroughItsTemplateAnswersAndStops()
    {
        using var folder = new TemporaryFolder();
        LlamaForCausalLM model = Small();
        SupervisedText[] texts = [.. Conversations.Select(c => SupervisedText.OfConversation(Chat, c, Tokenizer))];
        Assert.All(texts, (text, i) => Assert.Equal(
            string.Concat(Conversations[i].Messages.Where(m => m.Role == "assistant").Select(m => m.Content + "<|im_end|>")),
            Tokenizer.Decode([.. text.Ids.Where((_, t) => text.Learned[t])], skipSpecialTokens: false)));
        SupervisedRows rows = SupervisedTexts.Pad(texts);
        model.Compile(new AdamW(5e-3, weightDecay: 0), Loss.SparseCategoricalCrossentropy(fromLogits: true));
        model.Fit(rows.Data, new FitOptions { Epochs = 120, BatchSize = rows.Data.Count, Verbosity = Verbosity.Silent });
        Assert.True(model.Evaluate(rows.Data, batchSize: rows.Data.Count)["loss"] < 0.05);
        new TextGenerator(new CausalGenerator(model), Tokenizer) { ChatTemplate = Chat }.SavePretrained(folder.Path);

        TextGenerator loaded = TextGenerator.Load(folder.Path);
        Assert.Empty(loaded.Options.EndTokens);
        using IChatClient client = loaded.AsChatClient();
        foreach (ChatConversation conversation in Conversations)
        {
            var messages = new List<Message>();
            for (int i = 0; i < conversation.Messages.Count; i += 2)
            {
                string expected = conversation.Messages[i + 1].Content!;
                messages.Add(new Message(ChatRole.User, conversation.Messages[i].Content));
                ChatResponse response = await client.GetResponseAsync(messages);
                Assert.Equal(expected, response.Text);
                Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
                Assert.Equal(expected.Length + 1, response.Usage!.OutputTokenCount);
                Assert.Equal(response.Text, (await client.GetStreamingResponseAsync(messages).ToChatResponseAsync()).Text);
                messages.AddMessages(response);
            }
        }
    }

    /// <summary>Preferences reach the model through the same template: what was preferred is more probable afterwards, and only the last turn was compared.</summary>
    [Fact]
    public void APreferenceIsLearnedThroughTheTemplate()
    {
        LlamaForCausalLM model = Small();
        PreferencePair[] pairs = [.. Names.Select((name, i) => PreferencePair.OfConversation(
            Chat,
            new ChatConversation([Turn.User("bo"), Turn.Assistant("hi bo"), Turn.User(name)]),
            Turn.Assistant(i % 2 == 0 ? "yes" : "no"),
            Turn.Assistant(i % 2 == 0 ? "no" : "yes"),
            Tokenizer))];
        Assert.All(pairs, (pair, i) => Assert.Equal(i % 2 == 0 ? ("yes<|im_end|>", "no<|im_end|>") : ("no<|im_end|>", "yes<|im_end|>"), (Learned(pair.Chosen), Learned(pair.Rejected))));
        PreferenceRows rows = PreferencePairs.Pad(pairs);
        Dataset data = rows.ToDataset(PreferenceModel.LogProbabilities(model, rows));
        var preference = new PreferenceModel(model, beta: 0.1);
        preference.Compile(new AdamW(2e-3, weightDecay: 0));
        preference.Fit(data, new FitOptions { Epochs = 150, BatchSize = pairs.Length, Verbosity = Verbosity.Silent });
        Assert.Equal(1, preference.Evaluate(data)["accuracy"]);
        float[] after = PreferenceModel.LogProbabilities(model, rows).ToArray<float>();
        Assert.All(pairs.Index(), p => Assert.True(after[2 * p.Index] > after[2 * p.Index + 1]));

        static string Learned(SupervisedText text) => Tokenizer.Decode([.. text.Ids.Where((_, t) => text.Learned[t])], skipSpecialTokens: false);
    }

    private static LlamaForCausalLM Small() => new(new LlamaConfig
    {
        VocabularySize = Tokenizer.IdCount,
        HiddenSize = 64,
        IntermediateSize = 128,
        LayerCount = 2,
        HeadCount = 4,
        KeyValueHeadCount = 2,
        HeadDimension = 16,
        MaximumPositions = 128,
    })
    {
        Seed = 3,
    };
}
