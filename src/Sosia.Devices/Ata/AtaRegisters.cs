using Sosia.Core.Snapshots;

namespace Sosia.Devices.Ata;

/// <summary>
/// The command block registers of one device (ATA/ATAPI-6, chapter 7). Five of them are two deep: a write moves the old value into the "previous"
/// half, which holds the upper bits of 48-bit commands.
/// </summary>
internal sealed class AtaRegisters
{
    /// <summary>Device register: LBA instead of CHS.</summary>
    public const byte DeviceLba = 1 << 6;

    /// <summary>Device register: device 1.</summary>
    public const byte DeviceSelect = 1 << 4;

    /// <summary>Features; the previous value in bits 15:8.</summary>
    public ushort Features;

    /// <summary>Sector Count (Interrupt Reason of packet commands); the previous value in bits 15:8.</summary>
    public ushort Count;

    /// <summary>LBA Low (Sector Number); the previous value in bits 15:8.</summary>
    public ushort LbaLow;

    /// <summary>LBA Mid (Cylinder Low, Byte Count Low); the previous value in bits 15:8.</summary>
    public ushort LbaMid;

    /// <summary>LBA High (Cylinder High, Byte Count High); the previous value in bits 15:8.</summary>
    public ushort LbaHigh;

    /// <summary>Device (Device/Head).</summary>
    public byte Device;

    /// <summary>Status.</summary>
    public byte Status;

    /// <summary>Error.</summary>
    public byte Error;

    /// <summary>A host's write to a register that is two deep.</summary>
    public static void Push(ref ushort register, byte value) => register = (ushort)((register << 8) | value);

    /// <summary>The Byte Count register of packet commands.</summary>
    public ushort ByteCountLimit
    {
        get => (ushort)((LbaMid & 0xff) | ((LbaHigh & 0xff) << 8));
        set
        {
            LbaMid = (byte)value;
            LbaHigh = (byte)(value >> 8);
        }
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "features", Features);
        writer.Write(prefix + "count", Count);
        writer.Write(prefix + "lbaLow", LbaLow);
        writer.Write(prefix + "lbaMid", LbaMid);
        writer.Write(prefix + "lbaHigh", LbaHigh);
        writer.Write(prefix + "device", Device);
        writer.Write(prefix + "status", Status);
        writer.Write(prefix + "error", Error);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        Features = reader.ReadUInt16(prefix + "features");
        Count = reader.ReadUInt16(prefix + "count");
        LbaLow = reader.ReadUInt16(prefix + "lbaLow");
        LbaMid = reader.ReadUInt16(prefix + "lbaMid");
        LbaHigh = reader.ReadUInt16(prefix + "lbaHigh");
        Device = reader.ReadByte(prefix + "device");
        Status = reader.ReadByte(prefix + "status");
        Error = reader.ReadByte(prefix + "error");
    }
}
