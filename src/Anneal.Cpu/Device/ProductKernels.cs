using Anneal.Ops;

namespace Anneal.Cpu;

/// <summary>Makes the kernels of matrix products and convolutions, with their epilogues.</summary>
internal static unsafe class ProductKernels
{
    private delegate void Product(float* left, float* right, float* output, byte* scratch, TileEpilogue? epilogue, WorkerPool pool);

    internal static CpuKernel? MatMul(KernelRequest request)
    {
        var op = (MatMul)request.Node.Op;
        Shape a = request.Node.Inputs[0].Shape, c = request.Node.Outputs[0].Shape;
        long m = c[^2], n = c[^1], k = op.TransposeA ? a[^2] : a[^1];
        var shape = new MatMulShape(c[..^2].ElementCount, m, n, k)
        {
            TransposeA = op.TransposeA,
            TransposeB = op.TransposeB,
            BatchStrideA = m * k,
            BatchStrideB = k * n,
        };
        if (request.Node.Outputs[0].DType == DType.Float64)
            return new DoubleProduct(new MatMulDoubleKernel(shape, request.Threads));
        if (!request.IsFloat32)
            return null;
        if (StreamedProduct.Fits(shape))
        {
            var streamed = new StreamedProduct(shape, request.Threads);
            return new Kernel(streamed.Run, streamed.ScratchBytes, request);
        }

        var kernel = new MatMulKernel(shape, request.Threads);
        return new Kernel(kernel.Run, kernel.ScratchBytes, request) { Arranging = kernel };
    }

    internal static CpuKernel? Convolve(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var op = (Convolve)request.Node.Op;
        var kernel = new ConvForwardKernel(Describe(op.Window, request.Node.Inputs[0].Shape, request.Node.Inputs[1].Shape), request.Threads);
        return new Kernel(kernel.Run, kernel.ScratchBytes, request);
    }

    internal static CpuKernel? ConvolveInputGradient(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var op = (ConvolveInputGradient)request.Node.Op;
        var kernel = new ConvInputGradientKernel(Describe(op.Window, op.Image, request.Node.Inputs[1].Shape), request.Threads);
        return new Kernel(kernel.Run, kernel.ScratchBytes, request);
    }

    internal static CpuKernel? ConvolveWeightGradient(KernelRequest request)
    {
        if (!request.IsFloat32)
            return null;
        var op = (ConvolveWeightGradient)request.Node.Op;
        var kernel = new ConvWeightGradientKernel(Describe(op.Window, request.Node.Inputs[0].Shape, op.Weights), request.Threads);
        return new Kernel((x, dy, dw, scratch, _, pool) => kernel.Run(x, dy, dw, scratch, null, pool), kernel.ScratchBytes, request);
    }

    private static ConvShape Describe(ConvolutionWindow window, Shape image, Shape weights) => new(
        image[0], checked((int)image[1]), checked((int)image[2]), checked((int)image[3]),
        checked((int)weights[0]), checked((int)weights[1]), checked((int)weights[3]))
    {
        StrideHeight = checked((int)window.StrideHeight),
        StrideWidth = checked((int)window.StrideWidth),
        PaddingTop = checked((int)window.PadTop),
        PaddingBottom = checked((int)window.PadBottom),
        PaddingLeft = checked((int)window.PadLeft),
        PaddingRight = checked((int)window.PadRight),
        DilationHeight = checked((int)window.DilationHeight),
        DilationWidth = checked((int)window.DilationWidth),
        Groups = checked((int)window.Groups),
    };

    /// <summary>A matrix product in double precision, which has no epilogue.</summary>
    private sealed class DoubleProduct(MatMulDoubleKernel kernel) : SimpleKernel
    {
        private protected override void Run(byte** operands, WorkerPool pool) =>
            kernel.Run((double*)operands[0], (double*)operands[1], (double*)operands[2], null, pool);
    }

    /// <summary>A product of two operands and the loop that finishes its blocks.</summary>
    private sealed class Kernel : CpuKernel, IArrangingKernel
    {
        private readonly Product _product;
        private readonly LoopKernel? _epilogue;

        internal Kernel(Product product, long scratchBytes, KernelRequest request)
        {
            _product = product;
            ScratchBytes = scratchBytes;
            if (request.Epilogue is { } loop)
                _epilogue = LoopKernel.Compile(loop, request.Device.Compilation with { KeepMatrix = true });
        }

        internal override long ScratchBytes { get; }

        /// <summary>The product, where it can arrange its right operand in advance.</summary>
        internal MatMulKernel? Arranging { get; init; }

        public int ArrangedOperand => 1;

        public long ArrangedBytes => Arranging?.PanelBytes ?? 0;

        internal override BoundKernel Bind(byte** operands) => new Bound(_product, _epilogue, operands);

        public BoundKernel BindArrangement(byte** operands) => new Arrangement(Arranging!, operands);

        public BoundKernel BindArranged(byte** operands) => new Bound(Arranging!.RunArranged, _epilogue, operands);
    }

    private sealed class Arrangement(MatMulKernel kernel, byte** operands) : BoundKernel
    {
        internal override void Run(byte* scratch, WorkerPool pool) => kernel.Arrange((float*)operands[0], (float*)operands[1]);
    }

    private sealed class Bound(Product product, LoopKernel? epilogue, byte** operands) : BoundKernel
    {
        private readonly TileEpilogue? _epilogue = epilogue is null ? null : new LoopEpilogue(epilogue, operands + 3);

        internal override void Run(byte* scratch, WorkerPool pool) =>
            product((float*)operands[0], (float*)operands[1], (float*)operands[2], scratch, _epilogue, pool);
    }

    private sealed class LoopEpilogue(LoopKernel loop, byte** operands) : TileEpilogue
    {
        internal override void Apply(int worker, long row, long rowCount, long column, long columnCount) =>
            loop.RunBlock(operands, row, rowCount, column, columnCount);
    }
}
