using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;

namespace Sosia.Devices.I8042;

/// <summary>
/// Port 0x92, system control port A (82371SB PIIX3 data sheet, section 2.5.8): bit 0 resets the processor when it is set, bit 1 opens
/// the A20 gate.
/// </summary>
public sealed class FastA20Port : ISnapshotable
{
    private readonly A20Gate _gate;
    private readonly IMachineControl _machine;
    private byte _value;

    /// <summary>Creates the port in its power-on state.</summary>
    public FastA20Port(A20Gate gate, IMachineControl machine)
    {
        _gate = gate;
        _machine = machine;
        Ports = new BytePorts(1, _ => _value, Write);
    }

    /// <inheritdoc/>
    public string SnapshotName => "port92";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The port itself.</summary>
    public IPortDevice Ports { get; }

    /// <summary>Claims port 0x92.</summary>
    public void Map(PortBus ports) => ports.Map(0x92, 1, Ports, "port92");

    /// <summary>Clears the register.</summary>
    public void Reset()
    {
        _value = 0;
        _gate.Fast = false;
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer) => writer.Write("value", _value);

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _value = reader.ReadByte("value");
        _gate.RestoreFast((_value & 2) != 0);
    }

    private void Write(int offset, byte value)
    {
        bool resets = (value & ~_value & 1) != 0;
        _value = (byte)(value & 3);
        _gate.Fast = (value & 2) != 0;
        if (resets)
        {
            _machine.RequestProcessorReset();
        }
    }
}
