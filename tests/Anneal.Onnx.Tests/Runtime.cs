using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Anneal.Onnx.Tests;

/// <summary>ONNX Runtime: the other software that runs what is exported.</summary>
internal static class Runtime
{
    /// <summary>Runs a file.</summary>
    internal static TensorData[] Run(string path, IReadOnlyList<TensorData> inputs)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        using var session = new InferenceSession(path, options);
        return Run(session, inputs);
    }

    /// <summary>Runs a file in memory.</summary>
    internal static TensorData[] Run(byte[] file, IReadOnlyList<TensorData> inputs)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        using var session = new InferenceSession(file, options);
        return Run(session, inputs);
    }

    private static TensorData[] Run(InferenceSession session, IReadOnlyList<TensorData> inputs)
    {
        OrtValue[] values = [.. inputs.Select(ToValue)];
        using var options = new RunOptions();

        // An input that nothing reads is none of the session's.
        string[] names = [.. session.InputNames];
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, names, values[..names.Length], session.OutputNames);
        TensorData[] outputs = [.. results.Select(ToData)];
        foreach (OrtValue value in values)
            value.Dispose();
        return outputs;
    }

    private static OrtValue ToValue(TensorData data)
    {
        OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)OnnxTypes.Of(data.DType), data.Shape.ToArray());
        data.AsBytes().CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static TensorData ToData(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        var data = new TensorData(OnnxTypes.Find((long)info.ElementDataType)!.Value, info.Shape);
        if (data.Type.ByteCount > 0)
            value.GetTensorMutableRawData()[..(int)data.Type.ByteCount].CopyTo(data.AsBytes());
        return data;
    }
}
