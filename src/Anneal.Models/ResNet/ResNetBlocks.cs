namespace Anneal.Models;

/// <summary>A convolution without bias, a batch normalization and perhaps an activation. Half of the kernel is padded on all sides.</summary>
internal sealed class ResNetConvolution : Layer
{
    private readonly Activation _activation;
    private readonly int _padding;
    private State? _batches;

    internal ResNetConvolution(int channels, int kernel, int stride, Activation activation, string name) : base(name)
    {
        _activation = activation;

        // With a stride, "same" would pad less on the first side than published models do.
        _padding = stride == 1 ? 0 : kernel / 2;
        Convolution = Track(new Conv2D(
            channels, kernel, strides: stride, padding: stride == 1 ? Padding.Same : Padding.Valid, useBias: false, kernelInitializer: Initializer.HeNormal, name: "convolution"));
        Norm = Track(new BatchNormalization(name: "normalization"));
    }

    internal Conv2D Convolution { get; }

    internal BatchNormalization Norm { get; }

    /// <summary>How many batches the moving averages have seen.</summary>
    internal State Batches => _batches!;

    internal void Map(WeightTable table, string prefix)
    {
        table.Convolution(prefix + ".convolution", Convolution);
        table.BatchNorm(prefix + ".normalization", Norm, Batches);
    }

    protected override void Build(Shape inputShape) => _batches = AddState("batches", Shape.Scalar, Initializer.Zeros);

    protected override Tensor Call(Tensor input)
    {
        if (Trace.Current is { Training: true } && !IsFrozen)
            _batches!.Assign(_batches.Read() + 1);
        Tensor padded = _padding == 0 ? input : input.Pad([0, _padding, _padding, 0], [0, _padding, _padding, 0]);
        return _activation.Apply(Norm.Apply(Convolution.Apply(padded)));
    }
}

/// <summary>A layer of a residual network: convolutions, and beside them the input, brought to their shape where it has another one.</summary>
internal sealed class ResNetLayer : Layer
{
    // The channels of a bottleneck's inner convolutions are the outer ones over this.
    private const int Reduction = 4;
    private readonly Activation _activation;

    internal ResNetLayer(ResNetConfig config, int inputs, int outputs, int stride, string name) : base(name)
    {
        _activation = config.HiddenActivation;
        Shortcut = inputs != outputs || stride != 1 ? Track(new ResNetConvolution(outputs, 1, stride, Activation.Linear, "shortcut")) : null;
        (int Channels, int Kernel, int Stride)[] plan = config.LayerType == ResNetLayerType.Basic
            ? [(outputs, 3, stride), (outputs, 3, 1)]
            :
            [
                (outputs / Reduction, 1, config.DownsampleInBottleneck ? stride : 1),
                (outputs / Reduction, 3, config.DownsampleInBottleneck ? 1 : stride),
                (outputs, 1, 1),
            ];
        Convolutions = [.. plan.Select((p, i) => Track(new ResNetConvolution(
            p.Channels, p.Kernel, p.Stride, i == plan.Length - 1 ? Activation.Linear : _activation, FormattableString.Invariant($"convolution_{i}"))))];
    }

    internal ResNetConvolution? Shortcut { get; }

    internal ResNetConvolution[] Convolutions { get; }

    protected override Tensor Call(Tensor input)
    {
        Tensor hidden = input;
        foreach (ResNetConvolution convolution in Convolutions)
            hidden = convolution.Apply(hidden);
        return _activation.Apply(hidden + (Shortcut is null ? input : Shortcut.Apply(input)));
    }
}
