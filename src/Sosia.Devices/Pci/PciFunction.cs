using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Numerics;
using Sosia.Core.Buses;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Pci;

/// <summary>
/// One function of a PCI device: its 256 bytes of configuration space, base address registers, capabilities and interrupt (PCI Local
/// Bus Specification 3.0, chapter 6). A derived class declares its registers in its constructor and reacts in
/// <see cref="ConfigurationWritten"/>.
/// </summary>
public abstract class PciFunction : ISnapshotable
{
    /// <summary>Offset of the command register.</summary>
    public const int CommandOffset = 0x04;

    /// <summary>Command register: respond to I/O accesses.</summary>
    public const ushort CommandIo = 1 << 0;

    /// <summary>Command register: respond to memory accesses.</summary>
    public const ushort CommandMemory = 1 << 1;

    /// <summary>Command register: may act as bus master.</summary>
    public const ushort CommandBusMaster = 1 << 2;

    /// <summary>Command register: INTx may not be asserted.</summary>
    public const ushort CommandInterruptDisable = 1 << 10;

    private const int StatusOffset = 0x06;
    private const int BarOffset = 0x10;
    private const int RomOffset = 0x30;
    private const int CapabilitiesPointer = 0x34;
    private const int InterruptLineOffset = 0x3c;
    private const int InterruptPinOffset = 0x3d;

    private readonly byte[] _config = new byte[256];
    private readonly byte[] _initial = new byte[256];
    private readonly byte[] _writable = new byte[256];
    private readonly byte[] _clearOnWrite = new byte[256];
    private readonly List<PciBar> _bars = [];
    private int _nextCapability = 0x40;
    private int _lastCapability = CapabilitiesPointer - 1;
    private bool _interruptRequested;
    private bool _interruptDriven;

    /// <summary>Creates a function in its power-on state.</summary>
    /// <param name="name">Its name in traces, errors and snapshots; unique in the machine.</param>
    /// <param name="identity">Identification registers.</param>
    /// <param name="interruptPin">0: no INTx; 1 to 4: INTA to INTD.</param>
    protected PciFunction(string name, in PciIdentity identity, int interruptPin = 0)
    {
        Name = name;
        InterruptPin = interruptPin;
        DefineUInt16(0x00, identity.VendorId, 0);
        DefineUInt16(0x02, identity.DeviceId, 0);
        DefineUInt16(CommandOffset, 0, CommandIo | CommandMemory | CommandBusMaster | (1 << 6) | (1 << 8) | CommandInterruptDisable);
        DefineUInt16(StatusOffset, 0, 0);
        DefineClearOnWrite(StatusOffset + 1, 0xf9);
        DefineUInt32(0x08, identity.Revision | (identity.ClassCode << 8), 0);
        DefineByte(0x0c, 0, 0xff);
        DefineByte(0x0d, 0, 0xff);
        DefineUInt16(0x2c, identity.SubsystemVendorId, 0);
        DefineUInt16(0x2e, identity.SubsystemId, 0);
        DefineByte(InterruptLineOffset, 0, 0xff);
        DefineByte(InterruptPinOffset, (byte)interruptPin, 0);
    }

    /// <summary>Its name in traces and errors.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public string SnapshotName => Name;

    /// <inheritdoc/>
    public virtual int SnapshotVersion => 1;

    /// <summary>The bus that it sits on; null until <see cref="PciBus.Add"/>.</summary>
    public PciBus? Bus { get; private set; }

    /// <summary>Device number on the bus, 0 to 31.</summary>
    public int DeviceNumber { get; private set; }

    /// <summary>Function number in the device, 0 to 7.</summary>
    public int FunctionNumber { get; private set; }

    /// <summary>0: none; 1 to 4: INTA to INTD.</summary>
    public int InterruptPin { get; }

    /// <summary>The command register.</summary>
    public ushort Command => BinaryPrimitives.ReadUInt16LittleEndian(_config.AsSpan(CommandOffset));

    /// <summary>True when the guest lets the function access memory.</summary>
    public bool IsBusMaster => (Command & CommandBusMaster) != 0;

    /// <summary>The MSI-X capability, when the function has one.</summary>
    public PciMsix? Msix { get; private set; }

    /// <summary>The MSI capability, when the function has one.</summary>
    public PciMsi? Msi { get; private set; }

    internal IReadOnlyList<PciBar> Bars => _bars;

    /// <summary>Marks device number <see cref="DeviceNumber"/> as having several functions (header type bit 7).</summary>
    internal bool IsMultiFunction
    {
        set
        {
            if (value)
            {
                _initial[0x0e] |= 0x80;
                _config[0x0e] |= 0x80;
            }
        }
    }

    /// <summary>Puts the configuration space and the interrupt to their power-on state. Derived classes reset their own registers too.</summary>
    public virtual void Reset()
    {
        _initial.CopyTo(_config, 0);
        Msix?.Reset();
        SetInterrupt(false);
        UpdateInterrupt();
        Bus?.UpdateMappings();
    }

    /// <summary>Reads configuration space as the guest does.</summary>
    /// <param name="offset">0 to 255; the access stays within one aligned doubleword.</param>
    /// <param name="byteCount">1, 2 or 4.</param>
    public uint ReadConfiguration(int offset, int byteCount)
    {
        uint value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            value |= (uint)ReadConfigurationByte(offset + i) << (8 * i);
        }

        return value;
    }

    /// <summary>Writes configuration space as the guest does.</summary>
    /// <param name="offset">0 to 255; the access stays within one aligned doubleword.</param>
    /// <param name="byteCount">1, 2 or 4.</param>
    /// <param name="value">The bytes, lowest first.</param>
    public void WriteConfiguration(int offset, int byteCount, uint value)
    {
        for (int i = 0; i < byteCount; i++)
        {
            int at = offset + i;
            var written = (byte)(value >> (8 * i));
            int kept = _config[at] & ~_writable[at] & ~(written & _clearOnWrite[at]);
            _config[at] = (byte)(kept | (written & _writable[at]));
        }

        if (offset < StatusOffset && offset + byteCount > CommandOffset)
        {
            UpdateInterrupt();
            Bus?.UpdateMappings();
        }
        else if (offset is >= BarOffset and < BarOffset + 24 or >= RomOffset and < RomOffset + 4)
        {
            Bus?.UpdateMappings();
        }

        Msix?.ConfigurationWritten();
        Msi?.ConfigurationWritten();
        ConfigurationWritten(offset, byteCount);
    }

    /// <summary>
    /// Asserts or releases the function's INTx pin. The status bit shows it; the wire follows unless the guest disabled it.
    /// </summary>
    public void SetInterrupt(bool asserted)
    {
        _interruptRequested = asserted;
        UpdateInterrupt();
    }

    /// <inheritdoc/>
    public virtual void Save(SnapshotWriter writer)
    {
        writer.Write("pci.config", _config);
        writer.Write("pci.intx", _interruptRequested);
        writer.Write("pci.intx-driven", _interruptDriven);
        Msix?.Save(writer);
    }

    /// <inheritdoc/>
    public virtual void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("pci.config", _config);
        _interruptRequested = reader.ReadBoolean("pci.intx");
        _interruptDriven = reader.ReadBoolean("pci.intx-driven");
        Msix?.Restore(reader);
        Bus?.UpdateMappings();
    }

    internal void Attach(PciBus bus, int deviceNumber, int functionNumber)
    {
        Bus = bus;
        DeviceNumber = deviceNumber;
        FunctionNumber = functionNumber;
    }

    /// <summary>Recomputes where each BAR wants to be (PCI 3.0, section 6.2.5).</summary>
    internal void ComputeBars()
    {
        ushort command = Command;
        foreach (PciBar bar in _bars)
        {
            int offset = bar.IsRom ? RomOffset : BarOffset + (4 * bar.Index);
            ulong address = BinaryPrimitives.ReadUInt32LittleEndian(_config.AsSpan(offset));
            ulong limit = uint.MaxValue;
            bool isDecoded;
            if (bar.Ports is not null)
            {
                isDecoded = (command & CommandIo) != 0;
                address &= ~3UL;
                limit = 0xffff;
            }
            else
            {
                isDecoded = ((command & CommandMemory) != 0 || bar.IgnoresMemorySpace) && (!bar.IsRom || (address & 1) != 0);
                address &= ~15UL;
                if (bar.Is64Bit)
                {
                    address |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(_config.AsSpan(offset + 4)) << 32;
                    limit = (1UL << 52) - 1;
                }
            }

            // Address 0 and a range that reaches the very end (as while the size is probed) stand for "not assigned".
            isDecoded &= address != 0 && address < limit && bar.ByteCount - 1 < limit - address;
            bar.WantedAt = isDecoded ? address : PciBar.Unmapped;
        }
    }

    /// <summary>Reads one byte of configuration space; override for registers that are not plain storage.</summary>
    protected virtual byte ReadConfigurationByte(int offset)
        => offset == StatusOffset && _interruptRequested ? (byte)(_config[offset] | 8) : _config[offset];

    /// <summary>Called after the guest wrote configuration space.</summary>
    protected virtual void ConfigurationWritten(int offset, int byteCount)
    {
    }

    /// <summary>The stored configuration bytes, for derived classes.</summary>
    protected internal Span<byte> Configuration => _config;

    /// <summary>Declares a byte: its power-on value and which bits the guest can write.</summary>
    protected internal void DefineByte(int offset, byte initial, byte writable)
    {
        _initial[offset] = _config[offset] = initial;
        _writable[offset] = writable;
    }

    /// <summary>Declares two bytes.</summary>
    protected internal void DefineUInt16(int offset, ushort initial, ushort writable)
    {
        DefineByte(offset, (byte)initial, (byte)writable);
        DefineByte(offset + 1, (byte)(initial >> 8), (byte)(writable >> 8));
    }

    /// <summary>Declares four bytes.</summary>
    protected internal void DefineUInt32(int offset, uint initial, uint writable)
    {
        DefineUInt16(offset, (ushort)initial, (ushort)writable);
        DefineUInt16(offset + 2, (ushort)(initial >> 16), (ushort)(writable >> 16));
    }

    /// <summary>Declares bits that a written 1 clears.</summary>
    protected internal void DefineClearOnWrite(int offset, byte bits) => _clearOnWrite[offset] = bits;

    /// <summary>Declares a memory BAR.</summary>
    /// <param name="index">0 to 5 (a 64-bit one also takes the next).</param>
    /// <param name="byteCount">A power of two, at least 16.</param>
    /// <param name="device">Who answers.</param>
    /// <param name="is64Bit">True to allow addresses above 4 GiB.</param>
    /// <param name="isPrefetchable">True when reads have no side effects.</param>
    protected void AddMemoryBar(int index, ulong byteCount, IMmioDevice device, bool is64Bit = false, bool isPrefetchable = false)
    {
        if (byteCount < 16 || !BitOperations.IsPow2(byteCount) || (byteCount > 0x8000_0000 && !is64Bit) || index + (is64Bit ? 1 : 0) > 5)
        {
            throw new ArgumentException($"{Name}: BAR {index} of {byteCount} bytes is not one that PCI can describe.", nameof(byteCount));
        }

        ulong mask = ~(byteCount - 1);
        DefineUInt32(BarOffset + (4 * index), (is64Bit ? 4u : 0u) | (isPrefetchable ? 8u : 0u), (uint)mask);
        if (is64Bit)
        {
            DefineUInt32(BarOffset + (4 * index) + 4, 0, (uint)(mask >> 32));
        }

        _bars.Add(new PciBar { Index = index, ByteCount = byteCount, Name = $"{Name}-bar{index}", Memory = device, Is64Bit = is64Bit });
    }

    /// <summary>Declares a memory BAR behind which there is memory, which processors access as fast as RAM.</summary>
    /// <param name="index">0 to 5.</param>
    /// <param name="byteCount">A power of two, at least 4096.</param>
    /// <param name="ramOffset">Where in guest RAM it lies; page-aligned.</param>
    protected void AddRamBar(int index, ulong byteCount, ulong ramOffset)
    {
        if (byteCount < 4096 || byteCount > 0x8000_0000 || !BitOperations.IsPow2(byteCount) || index > 5)
        {
            throw new ArgumentException($"{Name}: BAR {index} of {byteCount} bytes is not one that PCI can describe.", nameof(byteCount));
        }

        DefineUInt32(BarOffset + (4 * index), 8, (uint)~(byteCount - 1));
        _bars.Add(new PciBar { Index = index, ByteCount = byteCount, Name = $"{Name}-bar{index}", RamOffset = ramOffset });
    }

    /// <summary>Declares an expansion ROM (PCI 3.0, section 6.2.5.2).</summary>
    /// <param name="byteCount">A power of two, at least 4096.</param>
    /// <param name="ramOffset">Where in guest RAM its contents lie; page-aligned.</param>
    /// <param name="ignoresMemorySpace">True for a device whose ROM answers by its own enable bit alone, whatever Command.Memory says.</param>
    protected void AddRom(ulong byteCount, ulong ramOffset, bool ignoresMemorySpace = false)
    {
        if (byteCount < 4096 || byteCount > 0x100_0000 || !BitOperations.IsPow2(byteCount))
        {
            throw new ArgumentException($"{Name}: a ROM of {byteCount} bytes is not one that PCI can describe.", nameof(byteCount));
        }

        DefineUInt32(RomOffset, 0, (uint)~(byteCount - 1) | 1);
        _bars.Add(new PciBar { Index = 6, ByteCount = byteCount, Name = $"{Name}-rom", RamOffset = ramOffset, IsRom = true, IgnoresMemorySpace = ignoresMemorySpace });
    }

    /// <summary>Gives the function an option ROM. The ROM's identification becomes the function's, so that firmware takes one for the other.</summary>
    /// <param name="memory">The machine's memory.</param>
    /// <param name="ramOffset">Where in guest RAM its contents lie from now on; page-aligned, not mapped by anybody else.</param>
    /// <param name="byteCount">A power of two, at least 4096 and the image's length.</param>
    /// <param name="image">The ROM's contents.</param>
    public void AttachRom(MemoryBus memory, ulong ramOffset, uint byteCount, ReadOnlySpan<byte> image)
    {
        ArgumentNullException.ThrowIfNull(memory);
        byte[] copy = image.ToArray();
        int data = BinaryPrimitives.ReadUInt16LittleEndian(copy.AsSpan(0x18));
        int length = copy[2] * 512;
        if (data + 8 <= copy.Length && length != 0 && length <= copy.Length && copy.AsSpan(data, 4).SequenceEqual("PCIR"u8))
        {
            // All bytes of the image add up to 0; a byte of its header that nobody reads makes good for the change.
            int before = Sum(copy.AsSpan(data + 4, 4));
            _config.AsSpan(0, 4).CopyTo(copy.AsSpan(data + 4));
            copy[6] -= (byte)(Sum(copy.AsSpan(data + 4, 4)) - before);
        }

        memory.Ram.Write(ramOffset, copy);
        AddRom(byteCount, ramOffset);
    }

    /// <summary>Declares an I/O BAR.</summary>
    /// <param name="index">0 to 5.</param>
    /// <param name="portCount">A power of two, 4 to 256.</param>
    /// <param name="device">Who answers.</param>
    protected void AddIoBar(int index, int portCount, IPortDevice device)
    {
        if (portCount is < 4 or > 256 || !BitOperations.IsPow2(portCount) || index > 5)
        {
            throw new ArgumentException($"{Name}: I/O BAR {index} of {portCount} ports is not one that PCI can describe.", nameof(portCount));
        }

        // All upper bits can be written: SeaBIOS takes a register whose upper half is hard-wired to 0 for one of nearly 4 GiB.
        DefineUInt32(BarOffset + (4 * index), 1, (uint)~(portCount - 1));
        _bars.Add(new PciBar { Index = index, ByteCount = (ulong)portCount, Name = $"{Name}-bar{index}", Ports = device });
    }

    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return sum;
    }

    /// <summary>Adds a capability to the list (PCI 3.0, section 6.7); its body is defined by the caller with the Define methods.</summary>
    /// <param name="id">The capability's id.</param>
    /// <param name="byteCount">Its size with the two header bytes.</param>
    /// <returns>Its offset in configuration space.</returns>
    protected internal int AddCapability(byte id, int byteCount)
    {
        int offset = _nextCapability;
        if (offset + byteCount > 256)
        {
            throw new InvalidOperationException($"{Name}: no room for capability 0x{id:x}.");
        }

        _nextCapability = (offset + byteCount + 3) & ~3;
        DefineByte(offset, id, 0);
        DefineByte(offset + 1, 0, 0);
        DefineByte(_lastCapability + 1, (byte)offset, 0);
        _lastCapability = offset;
        _initial[StatusOffset] |= 0x10;
        _config[StatusOffset] |= 0x10;
        return offset;
    }

    /// <summary>Gives the function MSI-X with its table and pending bits in a 32-bit memory BAR of their own.</summary>
    /// <param name="vectorCount">1 to 128.</param>
    /// <param name="barIndex">0 to 5.</param>
    protected PciMsix AddMsix(int vectorCount, int barIndex)
    {
        Msix = new PciMsix(this, vectorCount, barIndex);
        AddMemoryBar(barIndex, PciMsix.BarByteCount, Msix);
        return Msix;
    }

    /// <summary>Gives the function MSI with one maskable vector.</summary>
    protected PciMsi AddMsi()
    {
        Msi = new PciMsi(this);
        return Msi;
    }

    private void UpdateInterrupt()
    {
        bool drive = _interruptRequested && (Command & CommandInterruptDisable) == 0 && InterruptPin != 0;
        if (drive != _interruptDriven)
        {
            _interruptDriven = drive;
            Bus?.SetInterruptPin(DeviceNumber, InterruptPin, drive);
        }
    }
}
