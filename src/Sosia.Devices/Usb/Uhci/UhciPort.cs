using Sosia.Core.Snapshots;

namespace Sosia.Devices.Usb.Uhci;

/// <summary>One port of the root hub (Universal Host Controller Interface 1.1, section 2.1.7).</summary>
internal sealed class UhciPort
{
    private const ushort Connected = 1 << 0;
    private const ushort ConnectChanged = 1 << 1;
    private const ushort Enabled = 1 << 2;
    private const ushort EnableChanged = 1 << 3;
    private const ushort LinePlus = 1 << 4;
    private const ushort ResumeDetect = 1 << 6;
    private const ushort AlwaysOne = 1 << 7;
    private const ushort Resetting = 1 << 9;
    private const ushort Suspended = 1 << 12;

    /// <summary>The bits that a written 1 clears.</summary>
    public const ushort Changes = ConnectChanged | EnableChanged;

    private ushort _status = AlwaysOne;

    /// <summary>What is plugged in; null for nothing.</summary>
    public UsbDevice? Device { get; set; }

    /// <summary>The device, if it is reached through this port now.</summary>
    public UsbDevice? Reachable => (_status & (Enabled | Suspended | Resetting)) == Enabled ? Device : null;

    /// <summary>The power-on state: what is plugged in is found by the guest.</summary>
    public void Reset()
    {
        _status = AlwaysOne;
        if (Device is { } device)
        {
            _status |= Connected | ConnectChanged;
            device.Reset();
        }
    }

    public ushort Read() => (ushort)(_status | (Device is not null && (_status & Resetting) == 0 ? LinePlus : 0));

    public void Write(ushort value)
    {
        // Changes are cleared by ones; what the hub knows itself stays.
        ushort kept = (ushort)(_status & (Connected | AlwaysOne));
        kept |= (ushort)(_status & ~value & Changes);
        ushort written = (ushort)(value & (Enabled | ResumeDetect | Resetting | Suspended));
        if ((written & Resetting) != 0)
        {
            if ((_status & Resetting) == 0)
            {
                Device?.Reset();
            }

            written &= unchecked((ushort)~Enabled);
        }

        if (Device is null)
        {
            written &= unchecked((ushort)~Enabled);
        }

        _status = (ushort)(kept | written);
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "status", _status);
        Device?.Save(writer, prefix + "device.");
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        _status = reader.ReadUInt16(prefix + "status");
        Device?.Restore(reader, prefix + "device.");
    }
}
