using Anneal.Ops;
using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>What a kernel promises besides its values.</summary>
public sealed unsafe class LoopKernelTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void OutputsMayOverwriteInputs(bool dynamicCode)
    {
        foreach (long[] dims in (long[][])[[5000], [70, 30], [3, 1500]])
        {
            Loop loop = Optimizer(dims);
            foreach (InstructionSet set in LoopOracle.Sets)
            {
                foreach (int parts in (int[])[1, 2, 3])
                {
                    using LoopMemory apart = new(loop), shared = new(loop);
                    apart.Fill(new Random(5), r => r.NextDouble() + 0.1);
                    for (int i = 0; i < loop.Inputs.Length; i++)
                        apart.InputSpan(i).CopyTo(shared.InputSpan(i));
                    shared.Alias(0, 0);
                    shared.Alias(1, 2);
                    shared.Alias(2, 3);
                    LoopOracle.Run(apart, new LoopOracle.Way(dynamicCode, set, parts));
                    LoopOracle.Run(shared, new LoopOracle.Way(dynamicCode, set, parts));
                    Assert.True(apart.OutputSpan(0).SequenceEqual(shared.InputSpan(0)));
                    Assert.True(apart.OutputSpan(1).SequenceEqual(shared.InputSpan(2)));
                    Assert.True(apart.OutputSpan(2).SequenceEqual(shared.InputSpan(3)));
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BlocksOfAMatrixGiveTheWhole(bool dynamicCode)
    {
        foreach ((long rows, long columns) in ((long, long)[])[(37, 100), (64, 10), (1, 70), (50, 1), (9, 700)])
        {
            var builder = new HandLoop([rows, columns]);
            int x = builder.Load(DType.Float32), bias = builder.Load(DType.Float32, [0, 1]), scale = builder.Load(DType.Float32, [1, 0]);
            int turned = builder.Load(DType.Float32, [1, rows]);
            int sum = builder.Apply(new Add(), builder.Apply(new Multiply(), x, scale), bias);
            builder.Store(builder.Apply(new Relu(), builder.Apply(new Subtract(), sum, turned)))
                .Store(builder.Apply(new Compare(Comparison.Greater), sum, bias));
            using LoopMemory whole = new(builder.Build()), blocks = new(builder.Build());
            whole.Fill(new Random(6), LoopChecks.Ordinary);
            blocks.Fill(new Random(6), LoopChecks.Ordinary);
            foreach (InstructionSet set in LoopOracle.Sets)
            {
                LoopOracle.Way way = new(dynamicCode, set, 1);
                LoopOracle.Run(whole, way);
                LoopKernel kernel = LoopKernel.Compile(blocks.Loop, way.Options with { KeepMatrix = true });
                for (long row = 0; row < rows; row += 14)
                {
                    for (long column = 0; column < columns; column += 32)
                        kernel.RunBlock(blocks.Pointers, row, Math.Min(14, rows - row), column, Math.Min(32, columns - column));
                }

                blocks.AssertGuards("blocks");
                Assert.True(whole.OutputSpan(0).SequenceEqual(blocks.OutputSpan(0)), $"{rows} x {columns}, {way}");
                Assert.True(whole.OutputSpan(1).SequenceEqual(blocks.OutputSpan(1)), $"{rows} x {columns}, {way}");
            }
        }
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    public void ARunAllocatesNothing(bool dynamicCode, int parts)
    {
        var way = new LoopOracle.Way(dynamicCode, InstructionSets.Best, parts);
        var fold = new HandLoop([9000, 33], 0, 1);
        fold.Fold(fold.Apply(new Exp(), fold.Load(DType.Float32)), ReductionKind.Sum);
        var scalar = new HandLoop([2000]);
        scalar.Store(scalar.Apply(new Add(), scalar.Load(DType.Int64), scalar.Load(DType.Int64)));
        var strided = new HandLoop([60, 50]);
        strided.Store(strided.Load(DType.Float32, [1, 60]));
        foreach (Loop loop in (Loop[])[Optimizer([5000]), fold.Build(), scalar.Build(), strided.Build()])
        {
            using var memory = new LoopMemory(loop);
            memory.Fill(new Random(1), r => r.NextDouble());
            LoopKernel kernel = LoopKernel.Compile(loop, way.Options);
            var scratch = new NativeBuffer(kernel.ScratchBytes);
            using var pool = new WorkerPool(parts);
            for (int i = 0; i < 3; i++)
                kernel.Run(memory.Pointers, scratch.Pointer, pool);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++)
                kernel.Run(memory.Pointers, scratch.Pointer, pool);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            GC.KeepAlive(scratch);
        }
    }

    [Fact]
    public void BodiesOfOneStructureShareTheirCode()
    {
        CompiledLoop[] codes = [.. new long[] { 1000, 12345 }.Select(Compile)];
        Assert.Same(codes[0], codes[1]);

        static CompiledLoop Compile(long count)
        {
            Loop loop = Optimizer([count]);
            VectorBody? body = VectorLowering.TryLower(loop, -1, 0, [true, true, true]);
            return LoopEmitter.Compile(body!, InstructionSets.Best, count);
        }
    }

    [Fact]
    public void SmallLoopsStayOnTheCallersThread()
    {
        Assert.Equal(1, LoopKernel.Compile(Optimizer([1000]), new LoopCompilation { MaximumParts = 8 }).PartCount);
        Assert.Equal(8, LoopKernel.Compile(Optimizer([1_000_000]), new LoopCompilation { MaximumParts = 8 }).PartCount);
    }

    [Fact]
    public void WrongCallsAreNamed()
    {
        Loop loop = Optimizer([100]);
        LoopKernel kernel = LoopKernel.Compile(loop, LoopCompilation.Default);
        Assert.Throws<ArgumentNullException>(() => kernel.Run(null, null, WorkerPool.Shared));
        Assert.Throws<ArgumentException>(() => LoopKernel.Compile(loop, new LoopCompilation { KeepMatrix = true }));
    }

    /// <summary>A step like that of AdamW: the parameter and both moments in place.</summary>
    internal static Loop Optimizer(long[] dims)
    {
        var b = new HandLoop(dims);
        const DType F = DType.Float32;
        int p = b.Load(F), g = b.Load(F), m = b.Load(F), v = b.Load(F);
        int rate = b.Load(F, new long[dims.Length]), correction = b.Load(F, new long[dims.Length]);
        int m1 = b.Apply(new Add(), b.Apply(new Multiply(), m, b.Constant(F, 0.9)), b.Apply(new Multiply(), g, b.Constant(F, 0.1)));
        int square = b.Apply(new Multiply(), g, g);
        int fresh = b.Apply(new Multiply(), square, b.Constant(F, 0.001));
        int v1 = b.Apply(new Add(), b.Apply(new Multiply(), v, b.Constant(F, 0.999)), fresh);
        int root = b.Apply(new Add(), b.Apply(new Sqrt(), b.Apply(new Multiply(), v1, correction)), b.Constant(F, 1e-8));
        int step = b.Apply(new Divide(), b.Apply(new Multiply(), m1, rate), root);
        int decay = b.Apply(new Multiply(), b.Apply(new Multiply(), p, rate), b.Constant(F, 0.01));
        b.Store(b.Apply(new Subtract(), b.Apply(new Subtract(), p, decay), step));
        return b.Store(m1).Store(v1).Build();
    }
}
