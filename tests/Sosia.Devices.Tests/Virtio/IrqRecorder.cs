using Sosia.Core.Interrupts;

namespace Sosia.Devices.Tests.Virtio;

/// <summary>An interrupt controller that counts how often its one input went up.</summary>
internal sealed class IrqRecorder : IIrqSink
{
    public int Raised { get; private set; }

    public bool Level { get; private set; }

    public void SetIrq(int input, bool asserted)
    {
        Level = asserted;
        if (asserted)
        {
            Raised++;
        }
    }
}
