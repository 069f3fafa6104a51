namespace Anneal;

/// <summary>How an optimizer takes a share of the parameters away.</summary>
public enum WeightDecayMode
{
    /// <summary>The decay times the parameter is added to its gradient: an L2 penalty.</summary>
    Coupled,

    /// <summary>Before the step the parameter is multiplied by 1 - learning rate · decay (Loshchilov and Hutter, 2019).</summary>
    Decoupled,

    /// <summary>The rule itself reads <see cref="ParameterUpdate.WeightDecay"/>.</summary>
    ByRule,
}
