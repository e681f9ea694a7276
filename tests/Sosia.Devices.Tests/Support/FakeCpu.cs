using System.Collections.Generic;
using Sosia.Core.Interrupts;

namespace Sosia.Devices.Tests.Support;

/// <summary>Remembers what interrupt controllers do to a processor.</summary>
internal sealed class FakeCpu : ICpuInterruptPort
{
    public bool Interrupt { get; private set; }

    public bool A20 { get; private set; }

    public int NonMaskable { get; private set; }

    public int Inits { get; private set; }

    public List<byte> Startups { get; } = [];

    public void SetSignal(CpuSignal signal, bool asserted)
    {
        switch (signal)
        {
            case CpuSignal.Interrupt:
                Interrupt = asserted;
                break;
            case CpuSignal.AddressLine20:
                A20 = asserted;
                break;
            case CpuSignal.NonMaskableInterrupt when asserted:
                NonMaskable++;
                break;
            case CpuSignal.Init when asserted:
                Inits++;
                break;
        }
    }

    /// <summary>What a processor's own snapshot would carry.</summary>
    public void CopyFrom(FakeCpu other)
    {
        NonMaskable = other.NonMaskable;
        Inits = other.Inits;
        Interrupt = other.Interrupt;
        A20 = other.A20;
    }

    public void Startup(byte vector) => Startups.Add(vector);
}
