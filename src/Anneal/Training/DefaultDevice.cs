using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Anneal.Cpu;
using Anneal.Execution;

namespace Anneal;

/// <summary>Makes the processor the device of programs that name none.</summary>
internal static class DefaultDevice
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Core must not know the devices; this assembly is where both meet.")]
    internal static void Register()
    {
        if (!Device.HasDefault)
            Device.Default = new CpuDevice();
    }
}
