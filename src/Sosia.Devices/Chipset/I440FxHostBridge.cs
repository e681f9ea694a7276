using System;
using Sosia.Core.Buses;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Devices.Pci;

namespace Sosia.Devices.Chipset;

/// <summary>
/// The host bridge of the 82441FX PMC (Intel data sheet 290549), PCI 00:00.0. Its programmable attribute map decides what lies at
/// 0xC0000 to 0xFFFFF: DRAM or what the PCI and ISA buses show there (option ROMs and the BIOS), for reads and writes separately.
/// </summary>
public sealed class I440FxHostBridge : PciFunction
{
    /// <summary>Where the attribute map's area begins.</summary>
    public const ulong AreaBase = 0xc_0000;

    /// <summary>How large the area is.</summary>
    public const ulong AreaByteCount = 0x4_0000;

    // The subsystem by which firmware knows a board with the fw_cfg interface (FwCfg/).
    private const ushort FwCfgVendor = 0x1af4;
    private const ushort FwCfgMachine = 0x1100;

    private const int FirstPam = 0x59;
    private const int LastPam = 0x5f;
    private const int SystemManagementRam = 0x72;
    private const ulong SegmentByteCount = 0x4000;
    private const int SegmentCount = 16;
    private const int ReadsDram = 1;
    private const int WritesDram = 2;

    private readonly MemoryBus _memory;
    private readonly ulong _dramOffset;
    private readonly ulong? _romOffset;
    private readonly int[] _attributes = new int[SegmentCount];
    private readonly SplitSegment?[] _split = new SplitSegment?[SegmentCount];
    private bool _isMapped;

    /// <summary>Creates the bridge and maps the area as after power-on: reads come from the ROMs, writes are dropped.</summary>
    /// <param name="memory">The machine's address space; nothing else may map RAM in the area.</param>
    /// <param name="dramOffset">Offset in guest RAM of the 256 KiB that are the area's DRAM.</param>
    /// <param name="romOffset">Offset in guest RAM of the 256 KiB that the buses show in the area; null when they show nothing.</param>
    public I440FxHostBridge(MemoryBus memory, ulong dramOffset, ulong? romOffset)
        : base("i440fx", new PciIdentity(0x8086, 0x1237, 0x060000, Revision: 2, FwCfgVendor, FwCfgMachine))
    {
        _memory = memory;
        _dramOffset = dramOffset;
        _romOffset = romOffset;

        // Memory and master enable are fixed; medium DEVSEL timing.
        DefineUInt16(CommandOffset, CommandMemory | CommandBusMaster, 0x0100);
        DefineByte(0x07, 0x02, 0);
        for (int register = FirstPam; register <= LastPam; register++)
        {
            DefineByte(register, 0, 0x33);
        }

        DefineByte(FirstPam, 0, 0x30);
        DefineByte(0x50, 0, 0xff);      // PMCCFG
        DefineByte(0x51, 0, 0xff);
        DefineByte(0x57, 0x01, 0xff);   // DRAMC
        DefineByte(0x58, 0x10, 0xff);   // DRAMT
        for (int register = 0x60; register <= 0x67; register++)
        {
            DefineByte(register, 0, 0xff);  // DRB
        }

        DefineByte(0x68, 0, 0xff);      // FDHC
        DefineByte(SystemManagementRam, 0x02, 0x78);
        ApplyAttributes();
    }

    /// <summary>Does what firmware does after it copied itself: makes the whole area readable and writable DRAM.</summary>
    public void EnableShadowRam()
    {
        for (int register = FirstPam; register <= LastPam; register++)
        {
            Configuration[register] = register == FirstPam ? (byte)0x30 : (byte)0x33;
        }

        ApplyAttributes();
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        ApplyAttributes();
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader)
    {
        base.Restore(reader);
        ApplyAttributes();
    }

    /// <inheritdoc/>
    protected override void ConfigurationWritten(int offset, int byteCount)
    {
        if (offset <= LastPam && offset + byteCount > FirstPam)
        {
            ApplyAttributes();
        }
    }

    // PAM0 bits 5:4 rule 0xF0000 to 0xFFFFF, the nibbles of PAM1 to PAM6 16 KiB each from 0xC0000 on.
    private int AttributeOf(int segment)
    {
        if (segment >= 12)
        {
            return (Configuration[FirstPam] >> 4) & 3;
        }

        return (Configuration[FirstPam + 1 + (segment / 2)] >> (4 * (segment & 1))) & 3;
    }

    private void ApplyAttributes()
    {
        bool changed = !_isMapped;
        for (int segment = 0; segment < SegmentCount; segment++)
        {
            int attribute = AttributeOf(segment);
            changed |= attribute != _attributes[segment];
            _attributes[segment] = attribute;
        }

        if (!changed)
        {
            return;
        }

        _isMapped = true;
        _memory.UnmapRam(AreaBase, AreaByteCount);
        for (int segment = 0; segment < SegmentCount;)
        {
            int end = segment + 1;
            while (end < SegmentCount && _attributes[end] == _attributes[segment])
            {
                end++;
            }

            MapRun(segment, end);
            segment = end;
        }

        for (int segment = 0; segment < SegmentCount; segment++)
        {
            UpdateSplit(segment);
        }
    }

    private void MapRun(int segment, int end)
    {
        ulong offset = (ulong)segment * SegmentByteCount;
        ulong byteCount = (ulong)(end - segment) * SegmentByteCount;
        int attribute = _attributes[segment];
        if ((attribute & ReadsDram) != 0)
        {
            _memory.MapRam(AreaBase + offset, _dramOffset + offset, byteCount, readOnly: (attribute & WritesDram) == 0);
        }
        else if (_romOffset is { } rom && attribute == 0)
        {
            _memory.MapRam(AreaBase + offset, rom + offset, byteCount, readOnly: true);
        }
    }

    // Reads from the bus and writes to DRAM: no RAM slot can do both, so a device stands in.
    private void UpdateSplit(int segment)
    {
        bool wanted = _attributes[segment] == WritesDram;
        ulong offset = (ulong)segment * SegmentByteCount;
        if (wanted && _split[segment] is null)
        {
            var device = new SplitSegment(_memory.Ram, _romOffset + offset, _dramOffset + offset);
            _memory.MapDevice(AreaBase + offset, SegmentByteCount, device, "i440fx-pam");
            _split[segment] = device;
        }
        else if (!wanted && _split[segment] is { } device)
        {
            _memory.UnmapDevice(AreaBase + offset, device);
            _split[segment] = null;
        }
    }

    private sealed class SplitSegment(GuestRam ram, ulong? romOffset, ulong dramOffset) : IMmioDevice
    {
        public ulong ReadMmio(ulong offset, int byteCount)
        {
            if (romOffset is not { } rom)
            {
                return ulong.MaxValue;
            }

            Span<byte> bytes = stackalloc byte[8];
            bytes.Clear();
            ram.Read(rom + offset, bytes[..byteCount]);
            return BitConverter.ToUInt64(bytes);
        }

        public void WriteMmio(ulong offset, int byteCount, ulong value)
        {
            Span<byte> bytes = stackalloc byte[8];
            BitConverter.TryWriteBytes(bytes, value);
            ram.Write(dramOffset + offset, bytes[..byteCount]);
        }
    }
}
