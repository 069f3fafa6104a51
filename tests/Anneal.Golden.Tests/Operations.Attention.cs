namespace Anneal.Golden.Tests;

/// <content>Attention and the layers made of it.</content>
internal static partial class Operations
{
    private static Dictionary<string, Runner> Attention => new()
    {
    };
}
