using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Pci;
using Sosia.Net;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network.E1000;

/// <summary>
/// Intel's gigabit card 82540EM (PCI 8086:100e; PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, 317453): legacy and extended transmit
/// descriptors with checksums, TCP segmentation and VLAN tags, receive filters, EEPROM, transceiver, interrupt throttling.
/// </summary>
public sealed partial class E1000Card : PciFunction, IMmioDevice, IPortDevice, INetworkCard
{
    private const ushort Vendor = 0x8086;
    private const ushort Device = 0x100e;
    private const int RegisterByteCount = 0x2_0000;
    private const int PortCount = 64;
    private const int DescriptorByteCount = 16;
    private const int DescriptorsPerTurn = 256;
    private const long ThrottleUnitNanoseconds = 256;

    private const uint ControlReset = 1u << 26;
    private const uint ControlVlan = 1u << 30;
    private const uint ControlPhyReset = 1u << 31;
    private const uint StatusGigabitFullDuplex = 0x81;
    private const uint StatusLinkUp = 2;
    private const uint MdiReady = 1u << 28;
    private const uint MdiInterrupt = 1u << 29;
    private const uint MdiError = 1u << 30;

    private const uint CauseTransmitted = 1 << 0;
    private const uint CauseTransmitQueueEmpty = 1 << 1;
    private const uint CauseLinkChange = 1 << 2;
    private const uint CauseReceiveMinimum = 1 << 4;
    private const uint CauseReceived = 1 << 7;
    private const uint CauseMdiDone = 1 << 9;

    private readonly uint[] _registers = new uint[RegisterByteCount / 4];
    private readonly E1000Eeprom _eeprom;
    private readonly E1000Phy _phy = new();
    private readonly MemoryBus _memory;
    private readonly MachineClock _clock;
    private readonly DiagnosticLog _log;
    private readonly MacAddress _mac;
    private readonly ClockTimer _continuation;
    private readonly ClockTimer _throttle;
    private uint _cause;
    private uint _mask;
    private uint _mdi;
    private uint _eepromRead;
    private uint _portAddress;
    private long _quietUntil;
    private bool _isAsserted;

    /// <summary>Creates the card in its power-on state.</summary>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="memory">Where descriptors and frames are.</param>
    /// <param name="cable">Its end of its cable.</param>
    /// <param name="mac">Its Ethernet address.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public E1000Card(string name, MachineClock clock, MemoryBus memory, CableEnd cable, MacAddress mac, DiagnosticLog log)
        : base(name, new PciIdentity(Vendor, Device, 0x02_0000, Revision: 2, Vendor, 0x001e), interruptPin: 1)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(cable);
        _clock = clock;
        _memory = memory;
        _log = log;
        _mac = mac;
        Cable = cable;
        _eeprom = new E1000Eeprom(mac, Vendor, Device);
        _continuation = clock.CreateTimer(name, GoOn);
        _throttle = clock.CreateTimer(name + ".throttle", UpdateInterrupt);
        AddMemoryBar(0, RegisterByteCount, this);
        AddIoBar(1, PortCount, this);
        ResetCard();
    }

    /// <inheritdoc/>
    public CableEnd Cable { get; }

    /// <inheritdoc/>
    public bool IsLinkUp
    {
        get => _phy.IsLinkUp;
        set
        {
            if (_phy.IsLinkUp != value)
            {
                _phy.IsLinkUp = value;
                Raise(CauseLinkChange);
            }
        }
    }

    /// <inheritdoc/>
    public void ServiceCable() => GoOn();

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        _phy.Reset();
        ResetCard();
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        ulong value = ReadRegister((int)offset & ~3) >> (8 * ((int)offset & 3));
        return byteCount == 8 ? value | ((ulong)ReadRegister((int)offset + 4) << 32) : value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        // Registers are accessed as doublewords (section 13.1).
        if (byteCount < 4 || (offset & 3) != 0)
        {
            _log.GuestMisuse(Name, "register written in part", offset);
            return;
        }

        WriteRegister((int)offset, (uint)value);
        if (byteCount == 8)
        {
            WriteRegister((int)offset + 4, (uint)(value >> 32));
        }
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount) => offset switch
    {
        0 => _portAddress,
        4 when _portAddress < RegisterByteCount => ReadRegister((int)_portAddress & ~3),
        _ => 0,
    };

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value)
    {
        if (byteCount != 4)
        {
            return;
        }

        if (offset == 0)
        {
            _portAddress = value;
        }
        else if (offset == 4 && _portAddress < RegisterByteCount)
        {
            WriteRegister((int)_portAddress & ~3, value);
        }
    }

    /// <inheritdoc/>
    public override void Save(SnapshotWriter writer)
    {
        base.Save(writer);
        writer.Write("registers", MemoryMarshal.AsBytes(_registers.AsSpan()));
        writer.Write("cause", _cause);
        writer.Write("mask", _mask);
        writer.Write("mdi", _mdi);
        writer.Write("eepromRead", _eepromRead);
        writer.Write("portAddress", _portAddress);
        writer.Write("quietUntil", _quietUntil);
        SaveTimer(writer, "continuation", _continuation);
        SaveTimer(writer, "throttle", _throttle);
        _eeprom.Save(writer);
        _phy.Save(writer);
        SaveTransmit(writer);
    }

    /// <inheritdoc/>
    public override void Restore(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.RequireVersion(SnapshotVersion);
        base.Restore(reader);
        reader.ReadBytes("registers", MemoryMarshal.AsBytes(_registers.AsSpan()));
        _cause = reader.ReadUInt32("cause");
        _mask = reader.ReadUInt32("mask");
        _mdi = reader.ReadUInt32("mdi");
        _eepromRead = reader.ReadUInt32("eepromRead");
        _portAddress = reader.ReadUInt32("portAddress");
        _quietUntil = reader.ReadInt64("quietUntil");
        RestoreTimer(reader, "continuation", _continuation);
        RestoreTimer(reader, "throttle", _throttle);
        _eeprom.Restore(reader);
        _phy.Restore(reader);
        RestoreTransmit(reader);
        Cable.ReportRestored();
        _ = Cable.AskForFrame();
    }

    private static void SaveTimer(SnapshotWriter writer, string name, ClockTimer timer)
    {
        writer.Write(name + ".armed", timer.IsArmed);
        writer.Write(name + ".deadline", timer.IsArmed ? timer.DeadlineNanoseconds : 0);
    }

    private static void RestoreTimer(SnapshotReader reader, string name, ClockTimer timer)
    {
        timer.Cancel();
        if (reader.ReadBoolean(name + ".armed"))
        {
            timer.Arm(reader.ReadInt64(name + ".deadline"));
        }
    }

    // What CTRL.RST does (section 14.6.1): everything but the transceiver and PCI configuration; the address comes from the EEPROM again.
    private void ResetCard()
    {
        Array.Clear(_registers);
        _continuation.Cancel();
        _throttle.Cancel();
        _cause = _mask = _mdi = _eepromRead = _portAddress = 0;
        _quietUntil = 0;
        _eeprom.Reset();
        ResetTransmit();
        this[E1000Register.PacketBuffer] = 0x0010_0030;
        this[E1000Register.VlanType] = 0x8100;
        Span<byte> address = stackalloc byte[8];
        address.Clear();
        _mac.Write(address);
        this[E1000Register.ReceiveAddress] = BinaryPrimitives.ReadUInt32LittleEndian(address);
        this[E1000Register.ReceiveAddress + 4] = BinaryPrimitives.ReadUInt32LittleEndian(address[4..]) | (1u << 31);
        UpdateInterrupt();
        _ = Cable.AskForFrame();
    }

    private ref uint this[int offset] => ref _registers[offset / 4];

    private uint ReadRegister(int offset)
    {
        switch (offset)
        {
            case E1000Register.Status:
                return StatusGigabitFullDuplex | (IsLinkUp ? StatusLinkUp : 0);
            case E1000Register.EepromControl:
                return _eeprom.ReadControl();
            case E1000Register.EepromRead:
                return _eepromRead;
            case E1000Register.MdiControl:
                return _mdi;
            case E1000Register.InterruptCause:
                uint cause = _cause;
                _cause = 0;
                UpdateInterrupt();
                return cause;
            case E1000Register.InterruptMaskSet:
                return _mask;
            case >= E1000Register.Statistics and < E1000Register.StatisticsEnd:
                // Statistics are cleared by reading (section 13.7).
                uint count = this[offset];
                this[offset] = 0;
                return count;
            default:
                return offset < RegisterByteCount ? this[offset] : 0;
        }
    }

    private void WriteRegister(int offset, uint value)
    {
        switch (offset)
        {
            case E1000Register.Control:
                WriteControl(value);
                break;
            case E1000Register.EepromControl:
                _eeprom.WriteControl(value);
                break;
            case E1000Register.EepromRead:
                _eepromRead = (value & 1) == 0 ? value : (value & 0xff00) | 0x10 | ((uint)_eeprom[(int)(value >> 8) & 0xff] << 16);
                break;
            case E1000Register.MdiControl:
                WriteMdi(value);
                break;
            case E1000Register.InterruptCause:
                _cause &= ~value;
                UpdateInterrupt();
                break;
            case E1000Register.InterruptCauseSet:
                Raise(value);
                break;
            case E1000Register.InterruptMaskSet:
                _mask |= value;
                UpdateInterrupt();
                break;
            case E1000Register.InterruptMaskClear:
                _mask &= ~value;
                UpdateInterrupt();
                break;
            case E1000Register.ReceiveControl or E1000Register.TransmitControl:
                this[offset] = value;
                GoOnSoon();
                break;
            case E1000Register.ReceiveHead or E1000Register.ReceiveTail or E1000Register.TransmitHead or E1000Register.TransmitTail:
                this[offset] = value & 0xffff;
                if (offset is E1000Register.ReceiveTail or E1000Register.TransmitTail)
                {
                    GoOnSoon();
                }

                break;
            default:
                if (offset < RegisterByteCount && E1000Register.IsStorage(offset))
                {
                    this[offset] = value;
                }

                break;
        }
    }

    private void WriteControl(uint value)
    {
        if ((value & ControlPhyReset) != 0)
        {
            _phy.Reset();
        }

        if ((value & ControlReset) != 0)
        {
            ResetCard();
            return;
        }

        this[E1000Register.Control] = value & ~(ControlReset | ControlPhyReset);
    }

    private void WriteMdi(uint value)
    {
        int register = (int)(value >> 16) & 31;
        uint operation = (value >> 26) & 3;
        uint data = value & 0xffff;
        bool exists = ((value >> 21) & 31) == 1 && operation is 1 or 2;
        if (exists && operation == 1)
        {
            _phy.Write(register, (ushort)data);
        }
        else if (exists)
        {
            data = _phy.Read(register);
        }

        _mdi = (value & 0x2fff_0000 & ~MdiError) | data | MdiReady | (exists ? 0 : MdiError);
        if ((value & MdiInterrupt) != 0)
        {
            Raise(CauseMdiDone);
        }
    }

    private void Raise(uint causes)
    {
        _cause |= causes;
        UpdateInterrupt();
    }

    // Between two interrupts lies at least the time of the throttling register (section 13.4.18).
    private void UpdateInterrupt()
    {
        bool wanted = (_cause & _mask) != 0;
        if (!wanted)
        {
            SetPin(false);
            return;
        }

        long now = _clock.NowNanoseconds;
        if (!_isAsserted && now < _quietUntil)
        {
            if (!_throttle.IsArmed)
            {
                _throttle.Arm(_quietUntil);
            }

            return;
        }

        if (!_isAsserted)
        {
            _quietUntil = now + ((this[E1000Register.InterruptThrottle] & 0xffff) * ThrottleUnitNanoseconds);
        }

        SetPin(true);
    }

    private void SetPin(bool asserted)
    {
        _isAsserted = asserted;
        SetInterrupt(asserted);
    }

    private void GoOnSoon()
    {
        if (!_continuation.IsArmed)
        {
            _continuation.Arm(_clock.NowNanoseconds + 1);
        }
    }

    private void GoOn()
    {
        if (!IsBusMaster)
        {
            return;
        }

        bool more = Transmit();
        more |= Receive();
        if (more)
        {
            GoOnSoon();
        }
    }
}
