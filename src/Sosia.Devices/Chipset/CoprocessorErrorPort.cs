using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;

namespace Sosia.Devices.Chipset;

/// <summary>
/// The coprocessor error logic of a PC (82371SB PIIX3 data sheet, coprocessor error register): FERR# leads to IRQ 13, and any write to port 0xF0 releases it.
/// The port reads as all ones.
/// </summary>
public sealed class CoprocessorErrorPort : ISnapshotable
{
    /// <summary>Creates the logic.</summary>
    /// <param name="irq">The wire to IRQ 13.</param>
    public CoprocessorErrorPort(IrqLine irq)
    {
        Irq = irq;
        Ports = new BytePorts(1, _ => 0xff, (_, _) => Irq.Set(false));
    }

    /// <inheritdoc/>
    public string SnapshotName => "ferr";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The port itself.</summary>
    public IPortDevice Ports { get; }

    /// <summary>The wire that the processor asserts with FERR#.</summary>
    public IrqLine Irq { get; }

    /// <summary>Claims port 0xF0.</summary>
    public void Map(PortBus ports) => ports.Map(0xf0, 1, Ports, "ferr");

    /// <summary>Releases the interrupt.</summary>
    public void Reset() => Irq.Set(false);

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer) => writer.Write("irq", Irq.IsAsserted);

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader) => Irq.RestoreLevel(reader.ReadBoolean("irq"));
}
