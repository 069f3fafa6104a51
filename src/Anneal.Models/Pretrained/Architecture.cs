using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Anneal.Models;

/// <summary>A kind of model that can be loaded: its name in configurations, the family, and what makes it.</summary>
internal sealed class Architecture
{
    private static readonly Architecture[] All =
    [
        Of<BertForSequenceClassification, BertConfig>(new BertConfig(), c => new BertForSequenceClassification(c)),
        Of<BertForTokenClassification, BertConfig>(new BertConfig(), c => new BertForTokenClassification(c)),
        Of<BertForQuestionAnswering, BertConfig>(new BertConfig(), c => new BertForQuestionAnswering(c)),
        Of<BertForMaskedLM, BertConfig>(new BertConfig(), c => new BertForMaskedLM(c)),
        Of<DistilBertForSequenceClassification, DistilBertConfig>(new DistilBertConfig(), c => new DistilBertForSequenceClassification(c)),
        Of<DistilBertForTokenClassification, DistilBertConfig>(new DistilBertConfig(), c => new DistilBertForTokenClassification(c)),
        Of<DistilBertForQuestionAnswering, DistilBertConfig>(new DistilBertConfig(), c => new DistilBertForQuestionAnswering(c)),
        Of<DistilBertForMaskedLM, DistilBertConfig>(new DistilBertConfig(), c => new DistilBertForMaskedLM(c)),
        Of<Gpt2LMHeadModel, Gpt2Config>(new Gpt2Config(), c => new Gpt2LMHeadModel(c), "GPT2LMHeadModel"),
        Of<GlmForCausalLM, GlmConfig>(new GlmConfig(), c => new GlmForCausalLM(c)),
        Of<Glm4ForCausalLM, Glm4Config>(new Glm4Config(), c => new Glm4ForCausalLM(c)),
        Of<LlamaForCausalLM, LlamaConfig>(new LlamaConfig(), c => new LlamaForCausalLM(c)),
        Of<MistralForCausalLM, MistralConfig>(new MistralConfig(), c => new MistralForCausalLM(c)),
        Of<Qwen2ForCausalLM, Qwen2Config>(new Qwen2Config(), c => new Qwen2ForCausalLM(c)),
        Of<Qwen3ForCausalLM, Qwen3Config>(new Qwen3Config(), c => new Qwen3ForCausalLM(c)),
        Of<ResNetForImageClassification, ResNetConfig>(new ResNetConfig(), c => new ResNetForImageClassification(c)),
        Of<RobertaForSequenceClassification, RobertaConfig>(new RobertaConfig(), c => new RobertaForSequenceClassification(c)),
        Of<RobertaForTokenClassification, RobertaConfig>(new RobertaConfig(), c => new RobertaForTokenClassification(c)),
        Of<RobertaForQuestionAnswering, RobertaConfig>(new RobertaConfig(), c => new RobertaForQuestionAnswering(c)),
        Of<RobertaForMaskedLM, RobertaConfig>(new RobertaConfig(), c => new RobertaForMaskedLM(c)),
        Of<T5ForConditionalGeneration, T5Config>(new T5Config(), c => new T5ForConditionalGeneration(c)),
        Of<ViTForImageClassification, ViTConfig>(new ViTConfig(), c => new ViTForImageClassification(c)),
    ];

    private readonly PretrainedConfig _family;

    private readonly Type _type;

    private Architecture(string name, Type type, PretrainedConfig family, Func<PretrainedConfig, PretrainedModel> make) =>
        (Name, _type, _family, Make) = (name, type, family, make);

    internal string Name { get; }

    /// <summary>Makes a model without weights.</summary>
    internal Func<PretrainedConfig, PretrainedModel> Make { get; }

    /// <summary>The names of all architectures.</summary>
    internal static IReadOnlyList<string> Names { get; } = [.. All.Select(a => a.Name)];

    /// <summary>The architecture that a configuration names.</summary>
    internal static Architecture Of(ConfigFields fields)
    {
        string[] named = fields.Texts("architectures", ConfigFields.MostLayers) ?? [];
        string? family = fields.Text("model_type");
        if (named.Length == 0)
        {
            throw fields.Fail("architectures", "the kind of model, one of " + string.Join(", ", Names)
                + $". Hint: load it as a given kind, such as {nameof(LlamaForCausalLM)}.{nameof(PretrainedModel.Load)}");
        }

        Architecture found = Array.Find(All, a => a.Name == named[0]) ?? throw new UnknownArchitectureException(fields.File, ModelFileException.Quote(named[0]), Names);
        return family is null || family == found._family.ModelType
            ? found
            : throw fields.Fail("model_type", $"'{found._family.ModelType}', the family of {found.Name}");
    }

    /// <summary>A given architecture, whose family must be that of the configuration.</summary>
    internal static Architecture Of(ConfigFields fields, Type type)
    {
        Architecture wanted = Array.Find(All, a => a._type == type)!;
        string? family = fields.Text("model_type");
        if (family == wanted._family.ModelType)
            return wanted;
        throw All.Any(a => a._family.ModelType == family)
            ? fields.Fail("model_type", $"'{wanted._family.ModelType}', the family of {wanted.Name}")
            : new UnknownArchitectureException(fields.File, family is null ? "(none is named)" : ModelFileException.Quote(family), [.. All.Select(a => a._family.ModelType).Distinct()]);
    }

    internal PretrainedConfig Read(ConfigFields fields) => _family.Read(fields);

    /// <summary>A configuration with other classes.</summary>
    internal PretrainedConfig Relabel(PretrainedConfig config, IReadOnlyList<string> labels) => config is ClassifierConfig classifier
        ? classifier with { Labels = [.. labels] }
        : throw new OptionException($"{Name} has no classes that could have other labels.");

    /// <summary>Makes all kinds known to <see cref="Model.Load(string)"/>, when anything of this library is used for the first time.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "A saved model names its type, which must be known when it is loaded.")]
    internal static void Register()
    {
        foreach (Architecture architecture in All)
            LayerRegistry.Register(architecture.Name, architecture.ReadOwn);
    }

    private static Architecture Of<TModel, TConfig>(TConfig family, Func<TConfig, TModel> make, string? name = null)
        where TModel : PretrainedModel where TConfig : PretrainedConfig =>
        new(name ?? typeof(TModel).Name, typeof(TModel), family, c => make((TConfig)c));

    private PretrainedModel ReadOwn(LayerConfig stored)
    {
        JsonObject values = stored.GetObject("config");
        PretrainedConfig config = Read(new ConfigFields(values, "config.json"));
        config.Check("config.json");
        PretrainedModel model = Make(config);
        if (stored.Contains("generation"))
            model.StoredGeneration = stored.GetObject("generation");
        LoraAdapter.ReadAll(model, stored);
        return model;
    }
}
