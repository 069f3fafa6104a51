namespace Anneal.Golden.Tests;

/// <content>Recurrent networks, with PyTorch's names, gates and layouts.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Recurrent => new()
    {
    };
}
