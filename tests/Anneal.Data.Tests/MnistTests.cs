namespace Anneal.Data.Tests;

public sealed class MnistTests
{
    [Fact]
    public void TheRealFilesAreRead()
    {
        (Dataset train, Dataset test) = Mnist.Load(Repository.Mnist);
        Assert.Equal((60_000, 10_000), (train.Count, test.Count));
        foreach (Dataset data in (Dataset[])[train, test])
        {
            Assert.Equal(new TensorType(DType.Float32, [28, 28, 1]), Assert.Single(data.Inputs));
            Assert.Equal(new TensorType(DType.Int32, Shape.Scalar), Assert.Single(data.Targets));
        }

        // The numbers of each digit and the first labels are those of the data set's authors.
        Assert.Equal([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], Count(train));
        Assert.Equal([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], Count(test));
        Assert.Equal([5L, 0, 4, 1, 9, 2, 1, 3, 1, 4], train.Take(10).Labels());
        Assert.Equal([7L, 2, 1, 0, 4, 1, 4, 9, 5, 9], test.Take(10).Labels());

        // So is the mean of the samples, known to every tutorial as 0.1307, and the deviation, 0.3081.
        Normalization standard = Standardization.Fit(train, new() { Scope = StandardizationScope.Whole });
        Assert.Equal(0.3081, 1 / standard.Scale[0], 4);
        Assert.Equal(0.1307, -standard.Offset[0] / standard.Scale[0], 4);

        static int[] Count(Dataset data) => [.. data.Labels().CountBy(l => l).OrderBy(c => c.Key).Select(c => c.Value)];
    }

    [Fact]
    public void SamplesAreDividedBy255()
    {
        using TemporaryFolder folder = Make();
        Dataset train = Mnist.Load(folder.Path).Train;
        Assert.Equal(new Shape(2, 3, 1), train.Inputs[0].Shape);
        Batch batch = train.CreateBatch(2);
        train.Fill([1, 0], batch);
        Assert.Equal([6 / 255f, 7 / 255f, 8 / 255f, 9 / 255f, 10 / 255f, 11 / 255f, 0f, 1 / 255f, 2 / 255f, 3 / 255f, 4 / 255f, 5 / 255f], batch.Inputs[0].ToArray<float>());
        Assert.Equal([9, 0], batch.Targets[0].ToArray<int>());
    }

    public static TheoryData<string, string, string?, byte[]?> BadFolders => new()
    {
        { "neither", "train-images-idx3-ubyte", null, null },
        { "neither", "t10k-labels-idx1-ubyte.gz", null, null },
        { "swapped", "train-images-idx3-ubyte", "train-labels-idx1-ubyte", null },
        { "swapped", "t10k-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", null },
        { "2 labels", "train-labels-idx1-ubyte", null, IdxBytes.Of(0x08, [3], [0, 1, 2]) },
        { "byte 9: expected a label from 0 to 9, found 10", "train-labels-idx1-ubyte", null, IdxBytes.Of(0x08, [2], [0, 10]) },
        { "of bytes", "train-labels-idx1-ubyte", null, IdxBytes.Of(0x09, [2], [0, 1]) },
        { "4 axes", "train-images-idx3-ubyte", null, IdxBytes.Of(0x08, [2, 1, 1, 1], [0, 1]) },
        { "as large as", "t10k-images-idx3-ubyte.gz", null, IdxBytes.Of(0x08, [2, 3, 2], new byte[12]) },
        { "at least one", "train-images-idx3-ubyte", null, IdxBytes.Of(0x08, [2, 0, 3], []) },
        { "two zero bytes", "train-images-idx3-ubyte", null, [7, 7, 7, 7] },
    };

    [Theory]
    [MemberData(nameof(BadFolders))]
    public void FilesThatDoNotFitAreRefused(string part, string file, string? copyOf, byte[]? content)
    {
        using TemporaryFolder folder = Make();
        if (copyOf is not null)
            File.Copy(folder.File(copyOf), folder.File(file), overwrite: true);
        else if (content is not null)
            File.WriteAllBytes(folder.File(file), content);
        else
            File.Delete(folder.File(file));
        Assert.Contains(part, Assert.Throws<DataFileException>(() => Mnist.Load(folder.Path)).Message);
    }

    [Fact]
    public void AMissingFolderIsRefused() => Assert.Throws<DataFileException>(() => Mnist.Load(Path.Combine(Repository.Mnist, "nowhere")));

    /// <summary>Two images of 2 by 3 in each part, half of the files compressed.</summary>
    private static TemporaryFolder Make()
    {
        var folder = new TemporaryFolder();
        byte[] images = IdxBytes.Of(0x08, [2, 2, 3], [.. Enumerable.Range(0, 12).Select(i => (byte)i)]), labels = IdxBytes.Of(0x08, [2], [0, 9]);
        File.WriteAllBytes(folder.File("train-images-idx3-ubyte"), images);
        File.WriteAllBytes(folder.File("train-labels-idx1-ubyte"), labels);
        File.WriteAllBytes(folder.File("t10k-images-idx3-ubyte.gz"), IdxBytes.Gzip(images));
        File.WriteAllBytes(folder.File("t10k-labels-idx1-ubyte.gz"), IdxBytes.Gzip(labels));
        return folder;
    }
}
