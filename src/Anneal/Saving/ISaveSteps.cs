namespace Anneal.Saving;

/// <summary>Sees every change that a save makes on disk, so that a test can end it there.</summary>
internal interface ISaveSteps
{
    /// <summary>Called when a change has been made.</summary>
    /// <param name="change">What was done, such as <c>create</c> or <c>flush</c>.</param>
    /// <param name="path">The file or folder.</param>
    void After(string change, string path);
}

/// <summary>Lets every save run to its end.</summary>
internal sealed class NoSaveSteps : ISaveSteps
{
    internal static readonly NoSaveSteps Instance = new();

    public void After(string change, string path)
    {
    }
}
