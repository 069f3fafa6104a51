using Anneal.Planning;

namespace Anneal.Cpu.Tests.Loops;

/// <summary>Random loops have the same bits in every way to run, and where all operations are exact, those of the definition.</summary>
public sealed class RandomLoopTests
{
    [Fact]
    public void ExactBodies()
    {
        for (int seed = 0; seed < 150; seed++)
            LoopChecks.Check(RandomLoop.Draw(seed, isExact: true, folds: false), seed);
    }

    [Fact]
    public void ExactBodiesOfSpecialValues()
    {
        for (int seed = 1000; seed < 1060; seed++)
        {
            Loop loop = RandomLoop.Draw(seed, isExact: true, folds: false, [DType.Float32, DType.Bool]);
            LoopChecks.Check(loop, seed, draw: LoopChecks.Special);
        }
    }

    [Fact]
    public void SmoothBodies()
    {
        // A chain may cancel, so only equal bits in every way are asked for; AllLengths holds each operation to its error.
        for (int seed = 2000; seed < 2080; seed++)
            LoopChecks.Check(RandomLoop.Draw(seed, isExact: false, folds: false), seed, ulp: double.PositiveInfinity);
    }

    [Fact]
    public void Folds()
    {
        for (int seed = 3000; seed < 3200; seed++)
            LoopChecks.Check(RandomLoop.Draw(seed, isExact: true, folds: true), seed);
    }

    [Fact]
    public void FoldsOfOtherTypes()
    {
        for (int seed = 4000; seed < 4080; seed++)
        {
            DType[] types = [DType.Float64, DType.Int64, DType.Int8, DType.Float32, DType.Bool];
            Loop loop = RandomLoop.Draw(seed, isExact: true, folds: true, types);
            LoopChecks.Check(loop, seed);
        }
    }
}
