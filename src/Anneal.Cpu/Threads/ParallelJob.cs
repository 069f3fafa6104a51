namespace Anneal.Cpu;

/// <summary>Work cut into parts that a <see cref="WorkerPool"/> may execute at the same time and in any order, each exactly once.</summary>
internal abstract class ParallelJob
{
    internal abstract void Execute(int part);
}
