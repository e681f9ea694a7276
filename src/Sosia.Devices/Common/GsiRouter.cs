using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Devices.Apic;
using Sosia.Devices.Pic8259;

namespace Sosia.Devices.Common;

/// <summary>
/// A PC board's interrupt wiring: input n drives the 8259A pair's input n (0 to 15) and the I/O APIC's input n (0 to 23), except that
/// input 0, the timer, reaches the I/O APIC's input 2 (MultiProcessor Specification 1.4, default configuration 5). Wires that share
/// an input are OR-ed here.
/// </summary>
public sealed class GsiRouter : IIrqSink, ISnapshotable
{
    private readonly int[] _assertions = new int[IoApic.InputCount];
    private readonly Pic8259Pair? _pic;
    private readonly IoApic? _ioApic;

    /// <summary>Wires the controllers that the machine has.</summary>
    public GsiRouter(Pic8259Pair? pic, IoApic? ioApic)
    {
        _pic = pic;
        _ioApic = ioApic;
    }

    /// <inheritdoc/>
    public string SnapshotName => "gsi";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The host's controllers that stand in for the machine's; null for none. Then wires end there.</summary>
    internal IInterruptAccelerator? Accelerator { get; set; }

    /// <summary>The wires that are asserted, a bit each.</summary>
    internal uint AssertedWires
    {
        get
        {
            uint wires = 0;
            for (int i = 0; i < _assertions.Length; i++)
            {
                wires |= _assertions[i] > 0 ? 1u << i : 0;
            }

            return wires;
        }
    }

    /// <inheritdoc/>
    public void SetIrq(int input, bool asserted)
    {
        int before = _assertions[input];
        int after = _assertions[input] = before + (asserted ? 1 : -1);
        if (before > 0 != after > 0)
        {
            if (Accelerator is { } accelerator)
            {
                accelerator.SetWire(input, after > 0);
                return;
            }

            _pic?.SetIrq(input, after > 0);
            _ioApic?.SetIrq(input == 0 ? 2 : input, after > 0);
        }
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        for (int i = 0; i < _assertions.Length; i++)
        {
            writer.Write($"gsi{i}", _assertions[i]);
        }
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        for (int i = 0; i < _assertions.Length; i++)
        {
            _assertions[i] = reader.ReadInt32($"gsi{i}");
        }
    }
}
