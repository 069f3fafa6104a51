namespace Anneal.Golden.Tests;

/// <content>Normalizations. Golden images are channels first.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Norms => new()
    {
    };
}
