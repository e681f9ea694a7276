using System;
using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Isa.X86;

namespace Sosia.Machines.Tests.Properties;

/// <summary>An engine that says of itself that it cannot count instructions out, as hardware virtualization does.</summary>
internal sealed class InexactEngine(IEngine inner, bool isSilent) : IEngine
{
    private const ulong FirstLetter = 0x10_0005;

    public string Name => "inexact";

    public bool CountsInstructions => false;

    public EngineCounters Counters => inner.Counters with { InstructionsNative = -1 };

    public ExitReason Run(IVcpu vcpu, in RunLimits limits)
    {
        if (isSilent && vcpu.RetiredInstructions == 0)
        {
            // The first letter that the guest writes becomes another.
            Span<byte> letter = stackalloc byte[1];
            MemoryBus memory = ((X86Cpu)vcpu).Memory;
            if (memory.ReadBytes(FirstLetter, letter) && letter[0] == 'h')
            {
                memory.WriteBytes(FirstLetter, "j"u8);
            }
        }

        return inner.Run(vcpu, limits);
    }

    public void Dispose() => inner.Dispose();
}
