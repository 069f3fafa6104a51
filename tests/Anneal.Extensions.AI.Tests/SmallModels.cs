using Anneal.Data;
using Anneal.Models;
using Anneal.Testing;

namespace Anneal.Extensions.AI.Tests;

/// <summary>Models that are made in a moment.</summary>
internal static class SmallModels
{
    internal const string Template =
        "{% for m in messages %}{{ m.role }}{% if m.name %}({{ m.name }}){% endif %}:{% if m.reasoning_content %}[{{ m.reasoning_content }}]{% endif %}"
        + "{% if m.content is not none %}{{ m.content }}{% endif %}{% if m.tool_calls %}{{ m.tool_calls|tojson }}{% endif %}{% if m.tool_call_id %}#{{ m.tool_call_id }}{% endif %}<|endoftext|>{% endfor %}"
        + "{% if tools %}{{ tools|tojson }}{% endif %}{% if mood %}{{ mood }}{% endif %}{% if add_generation_prompt %}assistant:{% endif %}";

    private static string Golden { get; } = Path.Combine(Repository.Root, "tests", "golden", "models");

    internal static Tokenizer Tokenizer { get; } = Tokenizer.Load(Path.Combine(Golden, "tokenizers", "bytelevel_bpe_gpt2.json"));

    internal static TextGenerator Generator(bool hasTemplate = true) => new(
        new CausalGenerator(new LlamaForCausalLM(new LlamaConfig
        {
            VocabularySize = Tokenizer.IdCount,
            HiddenSize = 16,
            IntermediateSize = 24,
            LayerCount = 1,
            HeadCount = 2,
            KeyValueHeadCount = 1,
            HeadDimension = 8,
            MaximumPositions = 1024,
            InitializerRange = 0.3,
        })),
        Tokenizer)
    {
        ChatTemplate = hasTemplate ? ChatTemplate.Parse(Template) : null,
        Options = new GenerationOptions { MaximumNewTokens = 12 },
    };

    internal static TextEmbedder Embedder() => new(
        PretrainedModel.Load(Path.Combine(Golden, "bert")),
        CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz "], new CharacterTrainingOptions { UnknownToken = "<unk>", BeginToken = "<s>" }));
}
