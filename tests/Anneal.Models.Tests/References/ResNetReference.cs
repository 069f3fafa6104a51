namespace Anneal.Models.Tests;

/// <summary>Residual networks (He et al., 2015) in double precision, written from their definition, for one image <c>[channels, height, width]</c>.</summary>
internal sealed class ResNetReference(IReadOnlyDictionary<string, TensorData> tensors, ResNetConfig config)
{
    private const double NormEpsilon = 1e-5;

    private sealed record Image(int Channels, int Height, int Width, double[] Values)
    {
        internal double At(int channel, int row, int column, double outside) =>
            row < 0 || column < 0 || row >= Height || column >= Width ? outside : Values[(channel * Height + row) * Width + column];
    }

    /// <summary>The logits of an image.</summary>
    internal double[] Logits(double[] pixels, int side)
    {
        Image hidden = Pool(Convolution(new Image(config.ChannelCount, side, side, pixels), "resnet.embedder.embedder", 2, isActivated: true));
        for (int s = 0; s < config.Depths.Count; s++)
        {
            for (int l = 0; l < config.Depths[s]; l++)
                hidden = Layer(hidden, $"resnet.encoder.stages.{s}.layers.{l}", l == 0 && (s > 0 || config.DownsampleInFirstStage) ? 2 : 1);
        }

        int places = hidden.Height * hidden.Width;
        double[] means = [.. Enumerable.Range(0, hidden.Channels).Select(c => hidden.Values.Skip(c * places).Take(places).Average())];
        double[] bias = Matrix.Values(tensors["classifier.1.bias"]);
        return [.. Matrix.Product([means], tensors["classifier.1.weight"])[0].Select((v, i) => v + bias[i])];
    }

    private Image Layer(Image input, string prefix, int stride)
    {
        int[] strides = config.LayerType == ResNetLayerType.Basic ? [stride, 1] : config.DownsampleInBottleneck ? [stride, 1, 1] : [1, stride, 1];
        Image hidden = input;
        for (int i = 0; i < strides.Length; i++)
            hidden = Convolution(hidden, $"{prefix}.layer.{i}", strides[i], isActivated: i < strides.Length - 1);
        Image beside = tensors.ContainsKey(prefix + ".shortcut.convolution.weight") ? Convolution(input, prefix + ".shortcut", stride, isActivated: false) : input;
        return hidden with { Values = [.. hidden.Values.Zip(beside.Values, (a, b) => Math.Max(a + b, 0))] };
    }

    /// <summary>A convolution padded by half of its kernel, then the normalization with what was counted in training.</summary>
    private Image Convolution(Image input, string prefix, int stride, bool isActivated)
    {
        TensorData weight = tensors[prefix + ".convolution.weight"];
        double[] kernel = Matrix.Values(weight), gamma = Norm("weight"), beta = Norm("bias"), mean = Norm("running_mean"), variance = Norm("running_var");
        int outputs = (int)weight.Shape[0], size = (int)weight.Shape[2], padding = size / 2;
        int height = (input.Height + 2 * padding - size) / stride + 1, width = (input.Width + 2 * padding - size) / stride + 1;
        var values = new double[outputs * height * width];
        for (int at = 0; at < values.Length; at++)
        {
            int o = at / (height * width), row = at / width % height, column = at % width;
            double sum = 0;
            for (int k = 0; k < input.Channels * size * size; k++)
                sum += kernel[o * input.Channels * size * size + k] * input.At(k / (size * size), row * stride + k / size % size - padding, column * stride + k % size - padding, 0);
            double value = (sum - mean[o]) / Math.Sqrt(variance[o] + NormEpsilon) * gamma[o] + beta[o];
            values[at] = isActivated ? Math.Max(value, 0) : value;
        }

        return new Image(outputs, height, width, values);

        double[] Norm(string part) => Matrix.Values(tensors[$"{prefix}.normalization.{part}"]);
    }

    /// <summary>The largest of 3 by 3, with stride 2 and a border that never is.</summary>
    private static Image Pool(Image input)
    {
        int height = (input.Height - 1) / 2 + 1, width = (input.Width - 1) / 2 + 1;
        var values = new double[input.Channels * height * width];
        for (int at = 0; at < values.Length; at++)
        {
            int channel = at / (height * width), row = at / width % height, column = at % width;
            values[at] = Enumerable.Range(0, 9).Max(k => input.At(channel, 2 * row + k / 3 - 1, 2 * column + k % 3 - 1, double.NegativeInfinity));
        }

        return new Image(input.Channels, height, width, values);
    }
}
