namespace Anneal.Data;

/// <summary>
/// The MNIST images of handwritten digits, or any data in the same four files, such as Fashion-MNIST: <c>train-images-idx3-ubyte</c>,
/// <c>train-labels-idx1-ubyte</c>, <c>t10k-images-idx3-ubyte</c> and <c>t10k-labels-idx1-ubyte</c>, each plain or with <c>.gz</c>.
/// </summary>
public static class Mnist
{
    private const int Classes = 10;

    // Where labels begin in an IDX file of one axis, and extents in one of three.
    private const int LabelStart = 8, ExtentStart = 4;

    /// <summary>Reads the four files of a folder.</summary>
    /// <param name="folder">The folder that holds them.</param>
    /// <returns>
    /// Two data sets with inputs <c>float32[height, width, 1]</c> from 0 to 1 (<c>float32[28, 28, 1]</c> for MNIST) and targets
    /// <c>int32[]</c> from 0 to 9. In memory the images stay bytes.
    /// </returns>
    /// <exception cref="DataFileException">A file is missing, damaged, or does not fit the others.</exception>
    public static (Dataset Train, Dataset Test) Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new DataFileException(folder, 0, "a folder with the four files of MNIST", "no such folder");
        string trainImages = Find(folder, "train-images-idx3-ubyte"), trainLabels = Find(folder, "train-labels-idx1-ubyte");
        string testImages = Find(folder, "t10k-images-idx3-ubyte"), testLabels = Find(folder, "t10k-labels-idx1-ubyte");
        Dataset train = LoadPart(trainImages, trainLabels), test = LoadPart(testImages, testLabels);
        if (train.Inputs[0] != test.Inputs[0])
        {
            throw new DataFileException(
                testImages, ExtentStart + sizeof(uint), $"images as large as those for training, {train.Inputs[0].Shape}",
                $"{test.Inputs[0].Shape}");
        }

        return (train, test);
    }

    private static ArrayDataset LoadPart(string imagesPath, string labelsPath)
    {
        TensorData images = ReadBytes(imagesPath, "images", rank: 3), labels = ReadBytes(labelsPath, "labels", rank: 1);
        if (images.Shape[0] != labels.Shape[0])
        {
            throw new DataFileException(labelsPath, ExtentStart, $"{images.Shape[0]} labels, one for each image of {imagesPath}",
                $"{labels.Shape[0]}");
        }

        if (images.Shape.ElementCount == 0)
            throw new DataFileException(imagesPath, ExtentStart, "at least one image with at least one sample", $"{images.Shape}");
        var classes = new TensorData(DType.Int32, labels.Shape);
        Span<byte> from = labels.AsSpan<byte>();
        Span<int> to = classes.AsSpan<int>();
        for (int i = 0; i < from.Length; i++)
        {
            if (from[i] >= Classes)
                throw new DataFileException(labelsPath, LabelStart + i, $"a label from 0 to {Classes - 1}", $"{from[i]}");
            to[i] = from[i];
        }

        TensorData withChannel = images.Reshape([.. images.Shape.Extents, 1]);
        return new ArrayDataset([new ArraySource(withChannel, Normalization.Unit)], [classes]);
    }

    private static TensorData ReadBytes(string path, string what, int rank)
    {
        TensorData data = Idx.Read(path);
        if (data.Shape.Rank != rank)
        {
            string hint = data.Shape.Rank is 1 or 3 ? "; are the files of images and labels swapped?" : "";
            throw new DataFileException(path, 3, $"{what}, which have {rank} axes", $"{data.Shape.Rank} axes{hint}");
        }

        if (data.DType != DType.UInt8)
            throw new DataFileException(path, 2, $"{what} of bytes", data.DType.Name());
        return data;
    }

    private static string Find(string folder, string name)
    {
        string plain = Path.Combine(folder, name), compressed = plain + ".gz";
        if (File.Exists(plain))
            return plain;
        if (File.Exists(compressed))
            return compressed;
        throw new DataFileException(plain, 0, $"the file {name} or {name}.gz", "neither");
    }
}
