using Anneal.Graphs;

namespace Anneal.Cpu;

/// <summary>
/// Runs an operation by its definition, for double precision: gradient checks want its digits, not its speed. Unlike the other kernels
/// it takes memory from the managed heap at each run.
/// </summary>
internal sealed unsafe class ReferenceKernel(Node node) : SimpleKernel
{
    internal static bool Fits(Node node) =>
        node.Outputs.All(o => o.DType == DType.Float64) && node.Inputs.All(i => i.DType is DType.Float64 or DType.Int32 or DType.Int64 or DType.Bool);

    private protected override void Run(byte** operands, WorkerPool pool)
    {
        var inputs = new double[node.Inputs.Length][];
        for (int i = 0; i < inputs.Length; i++)
            inputs[i] = Read(operands[i], node.Inputs[i].Type);
        var call = new ReferenceCall(node, inputs);
        node.Op.Reference(call);
        for (int i = 0; i < call.Outputs.Length; i++)
            call.Outputs[i].CopyTo(new Span<double>(operands[inputs.Length + i], call.Outputs[i].Length));
    }

    private static double[] Read(byte* data, TensorType type)
    {
        var values = new double[type.Shape.ElementCount];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = type.DType switch
            {
                DType.Int32 => ((int*)data)[i],
                DType.Int64 => ((long*)data)[i],
                DType.Bool => data[i],
                _ => ((double*)data)[i],
            };
        }

        return values;
    }
}
