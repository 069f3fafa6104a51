namespace Anneal.Models;

/// <summary>The names of activations in configurations.</summary>
internal static class ActivationNames
{
    // The first name of an activation is the one that is written.
    private static readonly (string Name, Activation Activation)[] Table =
    [
        ("gelu", Activation.Gelu),
        ("gelu_python", Activation.Gelu),
        ("gelu_new", Activation.GeluTanh),
        ("gelu_pytorch_tanh", Activation.GeluTanh),
        ("gelu_python_tanh", Activation.GeluTanh),
        ("gelu_fast", Activation.GeluTanh),
        ("gelu_accurate", Activation.GeluTanh),
        ("relu", Activation.Relu),
        ("relu6", Activation.Relu6),
        ("leaky_relu", Activation.LeakyRelu),
        ("silu", Activation.Silu),
        ("swish", Activation.Silu),
        ("mish", Activation.Mish),
        ("hardswish", Activation.HardSwish),
        ("sigmoid", Activation.Sigmoid),
        ("tanh", Activation.Tanh),
        ("linear", Activation.Linear),
    ];

    internal static string Known { get; } = string.Join(", ", Table.Select(t => t.Name));

    internal static Activation? Find(string name)
    {
        foreach ((string known, Activation activation) in Table)
        {
            if (known == name)
                return activation;
        }

        return null;
    }

    internal static string NameOf(Activation activation, string field)
    {
        foreach ((string name, Activation known) in Table)
        {
            if (known == activation)
                return name;
        }

        throw new ModelConfigException(PretrainedConfig.InCode, field, "an activation that has a name in configurations: " + Known, activation.ToString());
    }
}
