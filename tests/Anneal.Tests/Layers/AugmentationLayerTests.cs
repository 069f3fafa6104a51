using Anneal.Ops;
using Anneal.Testing;

namespace Anneal.Tests;

/// <summary>Changes of images against their definitions in plain loops, with the draws worked out here.</summary>
public sealed class AugmentationLayerTests
{
    private const int Batch = 5, Height = 7, Width = 6, Channels = 2;
    private static readonly Shape Images = [Batch, Height, Width, Channels];
    private static readonly double[] Pixels = Anneal.Testing.Values.Uniform(Images.ElementCount, 0, 1, 5);

    public static TheoryData<FillMode, Interpolation> Samplers
    {
        get
        {
            var all = new TheoryData<FillMode, Interpolation>();
            foreach (FillMode mode in Enum.GetValues<FillMode>())
            {
                foreach (Interpolation interpolation in Enum.GetValues<Interpolation>())
                    all.Add(mode, interpolation);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void ImagesAreTurned(FillMode mode, Interpolation interpolation)
    {
        double fill = mode == FillMode.Constant ? 0.25 : 0;
        AssertClose(Train(new RandomRotation((-0.4, 0.1), mode, interpolation, fill)), Resample(mode, interpolation, fill, (n, r, c) =>
        {
            double angle = Draw("random_rotation:angle", n, -0.4, 0.1) * 2 * Math.PI, y = r - 3, x = c - 2.5;
            return (x * Math.Sin(angle) + y * Math.Cos(angle) + 3, x * Math.Cos(angle) - y * Math.Sin(angle) + 2.5);
        }));
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void ImagesAreMoved(FillMode mode, Interpolation interpolation)
    {
        double fill = mode == FillMode.Constant ? -1 : 0;
        AssertClose(Train(new RandomTranslation(1, (0.3, 0.9), mode, interpolation, fill)), Resample(mode, interpolation, fill, (n, r, c) => (
            r - Draw("random_translation:height", n, -1, 1) * Height,
            c - Draw("random_translation:width", n, 0.3, 0.9) * Width)));
    }

    [Theory]
    [MemberData(nameof(Samplers))]
    public void ImagesAreZoomed(FillMode mode, Interpolation interpolation)
    {
        double fill = mode == FillMode.Constant ? 2 : 0;
        AssertClose(Train(new RandomZoom((-0.5, 3), -0.5, mode, interpolation, fill)), Resample(mode, interpolation, fill, (n, r, c) => (
            (r - 3) * (1 + Draw("random_zoom:height", n, -0.5, 3)) + 3,
            (c - 2.5) * (1 + Draw("random_zoom:width", n, -0.5, 0.5)) + 2.5)));
    }

    [Fact]
    public void AZoomOfOneFactorKeepsProportions() => AssertClose(
        Train(new RandomZoom((-0.5, 1))), Resample(FillMode.Reflect, Interpolation.Bilinear, 0, (n, r, c) =>
        {
            double zoom = 1 + Draw("random_zoom:height", n, -0.5, 1);
            return ((r - 3) * zoom + 3, (c - 2.5) * zoom + 2.5);
        }));

    [Fact]
    public void PositiveAnglesTurnCounterClockwise()
    {
        // A quarter turn takes the pixel at the right end of the middle row to the top of the middle column.
        float[] image = [0, 0, 0, 0, 0, 1, 0, 0, 0];
        float[] turned = Run(new RandomRotation((0.25, 0.25)), TensorData.From(image, [1, 3, 3, 1])).ToArray<float>();
        Assert.Equal([0, 1, 0, 0, 0, 0, 0, 0, 0], turned.Select(v => MathF.Round(v, 5)));
    }

    [Fact]
    public void PositiveDistancesMoveDownAndRight()
    {
        float[] image = [1, 2, 3, 4];
        var layer = new RandomTranslation((0.5, 0.5), (0.5, 0.5), FillMode.Constant);
        Assert.Equal([0f, 0, 0, 1], Run(layer, TensorData.From(image, [1, 2, 2, 1])).ToArray<float>());
    }

    [Fact]
    public void NoChangeKeepsTheBits()
    {
        foreach (Layer layer in (Layer[])[new RandomRotation(0), new RandomTranslation(0, 0), new RandomZoom(0), new RandomErasing(0), new RandomCrop(Height, Width), new RandomBrightness(0)])
            Assert.Equal(Pixels, Train(layer));
    }

    [Theory]
    [InlineData(FlipMode.Horizontal)]
    [InlineData(FlipMode.Vertical)]
    [InlineData(FlipMode.HorizontalAndVertical)]
    public void ImagesAreFlipped(FlipMode mode)
    {
        AssertClose(Train(new RandomFlip(mode)), Each((n, r, c, k) =>
        {
            bool horizontal = mode != FlipMode.Vertical && Uniform("random_flip:horizontal", n) < 0.5;
            bool vertical = mode != FlipMode.Horizontal && Uniform("random_flip:vertical", n) < 0.5;
            return Pixel(n, vertical ? Height - 1 - r : r, horizontal ? Width - 1 - c : c, k);
        }));
    }

    [Fact]
    public void HalfOfTheImagesAreFlipped()
    {
        TensorData images = Values.ToData([.. Enumerable.Range(0, 4000).Select(i => (double)(i % 2))], new TensorType(DType.Float32, [2000, 1, 2, 1]));
        float[] y = Run(new RandomFlip(FlipMode.Horizontal), images).ToArray<float>();
        Assert.Equal(1000, Enumerable.Range(0, 2000).Count(i => y[2 * i] == 1), 5 * Math.Sqrt(500));
    }

    [Fact]
    public void WindowsAreCutOut()
    {
        double[] y = Train(new RandomCrop(3, 5));
        var expected = new List<double>();
        for (int n = 0; n < Batch; n++)
        {
            int top = (int)(Uniform("random_crop:row", n) * 5), left = (int)(Uniform("random_crop:column", n) * 2);
            for (int i = 0; i < 3 * 5 * Channels; i++)
                expected.Add(Pixel(n, top + i / Channels / 5, left + i / Channels % 5, i % Channels));
        }

        Assert.Equal(expected, y);
        Tensor middle = new RandomCrop(3, 5).Apply(Tensor.From(Data()));
        Assert.Equal(Tensor.From(Data()).Narrow(1, 2, 3).Narrow(2, 0, 5).ToArray<float>(), middle.ToArray<float>());
    }

    [Fact]
    public void EveryPlaceOfAWindowIsEquallyLikely()
    {
        var images = new TensorData(DType.Float32, [5000, 3, 3, 1]);
        for (int i = 0; i < 45000; i++)
            images.SetDouble(i, i % 9);
        float[] y = Run(new RandomCrop(1, 2), images).ToArray<float>();
        for (int place = 0; place < 9; place++)
            Assert.Equal(place % 3 == 2 ? 0 : 5000 / 6.0, Enumerable.Range(0, 5000).Count(i => y[2 * i] == place), 5 * Math.Sqrt(5000 / 6.0));
    }

    [Fact]
    public void ContrastIsAboutTheMeanOfEachChannel()
    {
        AssertClose(Train(new RandomContrast((-0.9, 2))), Each((n, r, c, k) =>
        {
            double mean = Enumerable.Range(0, Height * Width).Average(i => Pixel(n, i / Width, i % Width, k));
            return Math.Clamp((Pixel(n, r, c, k) - mean) * (1 + Draw("random_contrast:contrast", n, -0.9, 2)) + mean, 0, 1);
        }));
    }

    [Fact]
    public void BrightnessIsAdded()
    {
        AssertClose(Train(new RandomBrightness((-0.5, 0.2), (-0.5, 0.9))), Each((n, r, c, k) =>
            Math.Clamp(Pixel(n, r, c, k) + 1.4 * Draw("random_brightness:brightness", n, -0.5, 0.2), -0.5, 0.9)));
    }

    [Fact]
    public void RectanglesAreErased()
    {
        AssertClose(Train(new RandomErasing(0.7, (0.1, 0.5), (0.2, 4), -3)), Each((n, r, c, k) =>
        {
            double side = Math.Sqrt(Draw("random_erasing:area", n, 0.1, 0.5) * Height * Width);
            double root = Math.Exp(Draw("random_erasing:ratio", n, Math.Log(0.2) / 2, Math.Log(4) / 2));
            double high = Math.Clamp(Math.Round(side * root), 1, Height), wide = Math.Clamp(Math.Round(side / root), 1, Width);
            double top = Math.Floor(Uniform("random_erasing:row", n) * (Height + 1 - high)), left = Math.Floor(Uniform("random_erasing:column", n) * (Width + 1 - wide));
            bool erased = Uniform("random_erasing:erase", n) < 0.7 && r >= top && r < top + high && c >= left && c < left + wide;
            return erased ? -3 : Pixel(n, r, c, k);
        }));
    }

    [Fact]
    public void EachImageAndEachStepHasADrawOfItsOwn()
    {
        TensorData same = Values.ToData([.. Enumerable.Range(0, 4 * 25).Select(i => Pixels[i % 25])], new TensorType(DType.Float32, [4, 5, 5, 1]));
        foreach (Layer layer in Layers())
        {
            Program first = Compile(layer), again = Compile(layer);
            float[] y = first.Run(same).ToArray<float>(), next = first.Run(same).ToArray<float>();
            Assert.Equal(y, again.Run(same).ToArray<float>());
            Assert.NotEqual(y, next);
            if (layer is not RandomFlip)
                Assert.True(y.Chunk(y.Length / 4).Select(i => string.Join(",", i)).Distinct().Count() >= 3, layer.Name);
        }
    }

    [Fact]
    public void NothingHappensOutsideOfTraining()
    {
        foreach (Layer layer in Layers().Where(l => l is not RandomCrop))
            Assert.Equal(Data().ToArray<float>(), layer.Apply(Tensor.From(Data())).ToArray<float>());
    }

    [Fact]
    public void GradientsFlowToThePixels()
    {
        // What each layer computes is linear in the pixels here, so the gradient of the weighted sum says where each weight came from.
        foreach (Layer layer in (Layer[])[new RandomRotation(0.3), new RandomTranslation(0.5, 0.5, FillMode.Wrap), new RandomZoom(0.5, fillMode: FillMode.Nearest), new RandomCrop(3, 3), new RandomFlip(), new RandomErasing(1), new RandomContrast(0.5, 100)])
        {
            double[] direction = Values.Uniform(Pixels.Length, -1, 1, 9);
            TensorData along = Values.ToData(direction, new TensorType(DType.Float32, Images));
            Tensor Weighted(Tensor x)
            {
                Tensor y = layer.Apply(x);
                return (y * Tensor.From(Values.ToData(Values.Uniform(y.Shape.ElementCount, -1, 1, 4), y.Type))).Sum();
            }

            // Programs of one seed draw the same numbers in their first step.
            double slope = Values.ToDoubles(First(x => Gradients.Of(Weighted(x), x)[0])).Zip(direction, (a, b) => a * b).Sum();
            double change = First(x => Weighted(x + Tensor.From(along))).GetDouble(0) - First(Weighted).GetDouble(0);
            Assert.Equal(change, slope, 1e-3);
            Assert.True(Math.Abs(slope) > 0.1);
        }

        static TensorData First(Func<Tensor, Tensor> function) => Program.Compile(function, new ProgramOptions { Training = true, Seed = 1 }).Run(Data());
    }

    [Fact]
    public void HalfPrecisionImagesAreSampledInFloat32()
    {
        TensorData images = Values.ToData(Pixels, new TensorType(DType.Float16, Images));
        foreach (Layer layer in Layers())
        {
            var options = new ProgramOptions { Training = true, Seed = 1, Device = new Reference.ReferenceDevice() };
            TensorData y = Program.Compile(x => layer.Apply(x), options).Run(images);
            Assert.Equal(DType.Float16, y.DType);
            double[] wide = Values.ToDoubles(Program.Compile(x => layer.Apply(x.Cast(DType.Float32)), options).Run(images));
            Assert.Null(Comparer.Difference(wide, Values.ToDoubles(y), new Tolerance(1e-3, 1e-3)));
        }
    }

    [Fact]
    public void BadOptionsAreNamed()
    {
        Says<OptionException>("RandomFlip: mode", () => new RandomFlip((FlipMode)7));
        Says<OptionException>("RandomRotation: factor", () => new RandomRotation(1.5));
        Says<OptionException>("RandomRotation: factor", () => new RandomRotation((0.2, 0.1)));
        Says<OptionException>("RandomRotation: factor", () => new RandomRotation(double.NaN));
        Says<OptionException>("fillMode", () => new RandomRotation(0.1, (FillMode)9));
        Says<OptionException>("interpolation", () => new RandomRotation(0.1, interpolation: (Interpolation)9));
        Says<OptionException>("fillValue", () => new RandomZoom(0.1, fillValue: 1));
        Says<OptionException>("fillValue", () => new RandomZoom(0.1, fillMode: FillMode.Constant, fillValue: double.NaN));
        Says<OptionException>("heightFactor", () => new RandomTranslation(1.1, 0));
        Says<OptionException>("widthFactor", () => new RandomTranslation(0, (0, 2)));
        Says<OptionException>("heightFactor", () => new RandomZoom((-1.1, 0)));
        Says<OptionException>("widthFactor", () => new RandomZoom(0.1, (0, 11)));
        Says<OptionException>("height", () => new RandomCrop(0, 1));
        Says<OptionException>("width", () => new RandomCrop(1, 0));
        Says<OptionException>("factor", () => new RandomContrast((-1.5, 0)));
        Says<OptionException>("valueRange", () => new RandomContrast(0.1, (1, 1)));
        Says<OptionException>("factor", () => new RandomBrightness(1.5));
        Says<OptionException>("valueRange", () => new RandomBrightness(0.1, (0, double.PositiveInfinity)));
        Says<OptionException>("rate", () => new RandomErasing(1.1));
        Says<OptionException>("scale", () => new RandomErasing(scale: (0.5, 1.1)));
        Says<OptionException>("ratio", () => new RandomErasing(ratio: (0, 1)));
        Says<OptionException>("fillValue", () => new RandomErasing(fillValue: double.NaN));
    }

    [Fact]
    public void BadInputsAreNamed()
    {
        foreach (Layer layer in Layers())
        {
            Says<ShapeException>("Layer " + layer.Name, () => layer.Apply(Tensor.Zeros([2, 3, 4])));
            Says<ShapeException>("at least one pixel", () => layer.Apply(Tensor.Zeros([2, 0, 4, 1])));
            Says<DTypeException>("Layer " + layer.Name, () => layer.Apply(Tensor.Zeros(Images, DType.UInt8)));
        }

        Says<ShapeException>("8 x 2", () => new RandomCrop(8, 2).Apply(Tensor.Zeros(Images)));
        Says<ShapeException>("2 x 7", () => Run(new RandomCrop(2, 7), Data()));
    }

    private static void Says<T>(string part, Func<object> act) where T : Exception => NormalizationLayerTests.Says<T>(part, act);

    private static Layer[] Layers() =>
    [
        new RandomFlip(), new RandomRotation(0.2), new RandomTranslation(0.3, 0.3), new RandomZoom(0.3), new RandomCrop(2, 2), new RandomContrast(0.5),
        new RandomBrightness(0.2), new RandomErasing(1),
    ];

    private static Program Compile(Layer layer) => Program.Compile(x => layer.Apply(x), new ProgramOptions { Training = true, Seed = 1 });

    private static TensorData Run(Layer layer, TensorData images) => Compile(layer).Run(images);

    private static double[] Train(Layer layer) => Values.ToDoubles(Run(layer, Data()));

    private static TensorData Data() => Values.ToData(Pixels, new TensorType(DType.Float32, Images));

    private static double Pixel(int n, int r, int c, int k) => Pixels[((n * Height + r) * Width + c) * Channels + k];

    private static double Uniform(string use, int image) => Philox.Uniform(1, StableHash.Of(use + ":0"), 0, image);

    private static double Draw(string use, int image, double low, double high) => low + Uniform(use, image) * (high - low);

    private static double[] Each(Func<int, int, int, int, double> pixel) =>
        [.. Enumerable.Range(0, Pixels.Length).Select(i => pixel(i / (Height * Width * Channels), i / (Width * Channels) % Height, i / Channels % Width, i % Channels))];

    private static double[] Resample(FillMode mode, Interpolation interpolation, double fill, Func<int, int, int, (double Row, double Column)> place) => Each((n, r, c, k) =>
    {
        (double row, double column) = place(n, r, c);
        double Tap(double y, double x)
        {
            int i = Beyond((int)y, Height, mode), j = Beyond((int)x, Width, mode);
            return i < 0 || j < 0 ? fill : Pixel(n, i, j, k);
        }

        if (interpolation == Interpolation.Nearest)
            return Tap(Math.Floor(row + 0.5), Math.Floor(column + 0.5));
        double top = Math.Floor(row), left = Math.Floor(column), below = row - top, right = column - left;
        return (1 - below) * ((1 - right) * Tap(top, left) + right * Tap(top, left + 1)) + below * ((1 - right) * Tap(top + 1, left) + right * Tap(top + 1, left + 1));
    });

    private static int Beyond(int place, int extent, FillMode mode)
    {
        while (place < 0 || place >= extent)
        {
            if (mode == FillMode.Constant)
                return -1;
            place = mode switch
            {
                FillMode.Nearest => place < 0 ? 0 : extent - 1,
                FillMode.Wrap => place < 0 ? place + extent : place - extent,
                _ => place < 0 ? -1 - place : 2 * extent - 1 - place,
            };
        }

        return place;
    }

    private static void AssertClose(double[] actual, double[] expected) => Assert.Null(Comparer.Difference(expected, actual, new Tolerance(2e-5, 2e-5)));
}
