using System;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;
using Sosia.Devices.Common;

namespace Sosia.Devices.Chipset;

/// <summary>
/// The SMBus host controller of the 82371AB PIIX4 (Intel data sheet 290562, section 7.3) with an empty bus: every transaction ends at
/// once with a device error, since nobody acknowledges its address.
/// </summary>
internal sealed class SmBusHost
{
    public const int PortCount = 16;

    private const int HostStatus = 0;
    private const int HostControl = 2;
    private const byte StatusDeviceError = 0x04;
    private const byte StatusFailed = 0x10;
    private const byte StatusBits = 0x1e;
    private const byte ControlInterrupt = 0x01;
    private const byte ControlKill = 0x02;
    private const byte ControlStart = 0x40;

    private readonly Action<bool> _interrupt;
    private readonly byte[] _registers = new byte[PortCount];

    /// <param name="interrupt">Told the level of the controller's interrupt.</param>
    public SmBusHost(Action<bool> interrupt)
    {
        _interrupt = interrupt;
        Ports = new BytePorts(PortCount, offset => _registers[offset], Write);
    }

    public IPortDevice Ports { get; }

    public void Reset() => Array.Clear(_registers);

    public void Save(SnapshotWriter writer) => writer.Write("smbus", _registers);

    public void Restore(SnapshotReader reader) => reader.ReadBytes("smbus", _registers);

    private void Write(int offset, byte value)
    {
        if (offset is HostStatus or 1)
        {
            _registers[offset] &= (byte)~(value & (offset == HostStatus ? StatusBits : 0x3c));
        }
        else
        {
            _registers[offset] = value;
        }

        if (offset == HostControl)
        {
            _registers[HostControl] = (byte)(value & ~ControlStart);
            if ((value & ControlKill) != 0)
            {
                _registers[HostStatus] |= StatusFailed;
            }
            else if ((value & ControlStart) != 0)
            {
                _registers[HostStatus] |= StatusDeviceError;
            }
        }

        _interrupt((_registers[HostControl] & ControlInterrupt) != 0 && (_registers[HostStatus] & StatusBits) != 0);
    }
}
