namespace Anneal.Testing;

/// <summary>Finds files of the checkout that a test runs in.</summary>
public static class Repository
{
    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = Find();

    /// <summary>The folder with the digits of MNIST.</summary>
    public static string Mnist => Path.Combine(Root, "datasets", "mnist");

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Anneal.slnx")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("No folder above the test has an Anneal.slnx.");
    }
}
