using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Apic;

/// <summary>
/// The I/O APIC with 24 inputs (82093AA data sheet, Intel order number 290566; version 0x20 adds the EOI register of the ICH family).
/// Inputs are logical assertions: the polarity bit is stored, not applied, since a wire here is asserted or not, whatever its voltage.
/// </summary>
/// <remarks>Runs on the machine's thread or, with a thread per vCPU, under the lock of the devices.</remarks>
public sealed class IoApic : IIrqSink, IMmioDevice, ISnapshotable
{
    /// <summary>The number of interrupt inputs.</summary>
    public const int InputCount = 24;

    /// <summary>Where a PC has it.</summary>
    public const ulong DefaultBase = 0xfec0_0000;

    private const ulong EntryMasked = 1 << 16;
    private const ulong EntryLevelTriggered = 1 << 15;
    private const ulong EntryRemoteIrr = 1 << 14;
    private const ulong EntryLogical = 1 << 11;
    private const ulong EntryWritable = 0xff00_0000_0001_afff;

    private readonly ApicBus _bus;
    private readonly DiagnosticLog _log;
    private readonly byte _version;
    private readonly ulong[] _entries = new ulong[InputCount];
    private uint _lines;
    private byte _select;
    private byte _id;

    /// <summary>Creates an I/O APIC in its power-on state and puts it on the bus.</summary>
    /// <param name="bus">Where its messages go.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    /// <param name="version">0x11 (82093AA) or 0x20 (with the EOI register).</param>
    public IoApic(ApicBus bus, DiagnosticLog log, byte version = 0x20)
    {
        _bus = bus;
        _log = log;
        _version = version;
        Reset();
        bus.Add(this);
    }

    /// <inheritdoc/>
    public string SnapshotName => "ioapic";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>Makes the registers appear in memory.</summary>
    public void Map(MemoryBus memory, ulong guestPhysical = DefaultBase) => memory.MapDevice(guestPhysical, 4096, this, "ioapic");

    /// <summary>Puts the registers to their power-on values. The levels of the inputs are not the chip's own and stay.</summary>
    public void Reset()
    {
        _select = 0;
        _id = 0;
        for (int i = 0; i < InputCount; i++)
        {
            _entries[i] = EntryMasked;
        }
    }

    /// <inheritdoc/>
    public void SetIrq(int input, bool asserted)
    {
        if ((uint)input >= InputCount)
        {
            return;
        }

        uint bit = 1u << input;
        bool isRising = asserted && (_lines & bit) == 0;
        _lines = asserted ? _lines | bit : _lines & ~bit;
        if (isRising)
        {
            ulong entry = _entries[input];
            if ((entry & EntryLevelTriggered) != 0)
            {
                ServiceLevel(input);
            }
            else if ((entry & EntryMasked) == 0)
            {
                // An edge on a masked input is ignored, not held pending (82093AA, 3.2.4, bit 16).
                Send(entry);
            }
        }
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        switch (offset & ~3UL)
        {
            case 0x00:
                return (ulong)_select >> (int)((offset & 3) * 8);
            case 0x10:
                return (ulong)ReadWindow() >> (int)((offset & 3) * 8);
            default:
                return 0;
        }
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        switch (offset)
        {
            case 0x00:
                _select = (byte)value;
                break;
            case 0x10:
                if (byteCount < 4)
                {
                    _log.GuestMisuse(SnapshotName, "write to the window that is not 32 bits wide", offset);
                    break;
                }

                WriteWindow((uint)value);
                break;
            case 0x40 when _version >= 0x20:
                EndOfInterrupt((byte)value);
                break;
            default:
                _log.GuestMisuse(SnapshotName, "write to a register that does not exist", offset);
                break;
        }
    }

    /// <summary>A processor ended a level-triggered interrupt.</summary>
    public void EndOfInterrupt(byte vector)
    {
        for (int i = 0; i < InputCount; i++)
        {
            if ((byte)_entries[i] == vector && (_entries[i] & EntryRemoteIrr) != 0)
            {
                _entries[i] &= ~EntryRemoteIrr;
                ServiceLevel(i);
            }
        }
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("lines", _lines);
        writer.Write("select", _select);
        writer.Write("id", _id);
        for (int i = 0; i < InputCount; i++)
        {
            writer.Write($"entry{i}", _entries[i]);
        }
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _lines = reader.ReadUInt32("lines");
        _select = reader.ReadByte("select");
        _id = reader.ReadByte("id");
        for (int i = 0; i < InputCount; i++)
        {
            _entries[i] = reader.ReadUInt64($"entry{i}");
        }
    }

    private uint ReadWindow()
    {
        switch (_select)
        {
            case 0:
            case 2:
                return (uint)_id << 24;
            case 1:
                return ((InputCount - 1) << 16) | (uint)_version;
            case >= 0x10 and < 0x10 + (2 * InputCount):
                ulong entry = _entries[(_select - 0x10) >> 1];
                return (_select & 1) != 0 ? (uint)(entry >> 32) : (uint)entry;
            default:
                return 0;
        }
    }

    private void WriteWindow(uint value)
    {
        switch (_select)
        {
            case 0:
                _id = (byte)((value >> 24) & 0xf);
                break;
            case >= 0x10 and < 0x10 + (2 * InputCount):
                int input = (_select - 0x10) >> 1;
                ulong entry = _entries[input];
                ulong written = (_select & 1) != 0
                    ? (entry & 0xffff_ffff) | ((ulong)value << 32)
                    : (entry & ~0xffff_ffffUL) | value;
                entry = (written & EntryWritable) | (entry & EntryRemoteIrr);
                if ((entry & EntryLevelTriggered) == 0)
                {
                    entry &= ~EntryRemoteIrr;
                }

                _entries[input] = entry;
                AnnounceEntry(input);
                ServiceLevel(input);
                break;
            default:
                _log.GuestMisuse(SnapshotName, "write to an indirect register that does not exist or is read-only", _select);
                break;
        }
    }

    /// <summary>Reads all registers, for a hypervisor of the host that stands in for this I/O APIC.</summary>
    internal IoApicRegisters Export()
    {
        var registers = new IoApicRegisters { Select = _select, Id = _id, Lines = _lines };
        for (int i = 0; i < InputCount; i++)
        {
            registers.Entries[i] = _entries[i];
        }

        return registers;
    }

    /// <summary>Replaces all registers.</summary>
    internal void Import(in IoApicRegisters registers)
    {
        _select = registers.Select;
        _id = (byte)(registers.Id & 0xf);
        _lines = registers.Lines;
        for (int i = 0; i < InputCount; i++)
        {
            _entries[i] = registers.Entries[i] & (EntryWritable | EntryRemoteIrr);
        }
    }

    /// <summary>Tells the host's local APICs, if they stand in, where an input leads: they have to know whose end of interrupt is of interest.</summary>
    internal void AnnounceEntry(int input)
    {
        if (_bus.Accelerator is { TakesWires: false } accelerator)
        {
            (ulong address, uint data) = ToMessage(_entries[input]).ToMemoryWrite();
            accelerator.SetIoApicEntry(input, address, data, (_entries[input] & EntryMasked) != 0);
        }
    }

    // A level-triggered input requests as long as it is asserted and no earlier request is in service.
    private void ServiceLevel(int input)
    {
        ulong entry = _entries[input];
        if ((entry & (EntryLevelTriggered | EntryMasked | EntryRemoteIrr)) == EntryLevelTriggered
            && (_lines & (1u << input)) != 0 && Send(entry))
        {
            _entries[input] |= EntryRemoteIrr;
        }
    }

    private bool Send(ulong entry)
    {
        if ((ApicDeliveryMode)((entry >> 8) & 7) == ApicDeliveryMode.External && _bus.Accelerator is { TakesWires: false })
        {
            // The host's local APICs take no ExtINT by message: the 8259A pair's output leads to the first processor by itself.
            return false;
        }

        return _bus.Deliver(ToMessage(entry));
    }

    private static ApicMessage ToMessage(ulong entry)
    {
        bool isLogical = (entry & EntryLogical) != 0;
        return new ApicMessage(
            ApicMessage.WidenDestination((byte)(entry >> 56), isLogical),
            isLogical,
            (ApicDeliveryMode)((entry >> 8) & 7),
            (byte)entry,
            (entry & EntryLevelTriggered) != 0);
    }
}
