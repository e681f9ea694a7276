using System;
using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Snapshots;
using Sosia.Devices.Apic;

namespace Sosia.Devices.Pci;

/// <summary>
/// PCI bus 0 with configuration mechanism #1 (PCI Local Bus Specification 3.0, section 3.2.2.3.2): the functions, where their base
/// address registers appear, and their interrupt wires. INTx pin p of device d reaches wire (d − 1 + p) mod 4, as on the usual PC board.
/// </summary>
/// <remarks>Runs on the machine's thread. With a thread per vCPU, the port accessors need one lock (the address register is shared).</remarks>
public sealed class PciBus : IPortDevice, ISnapshotable
{
    private const ulong OneMebibyte = 0x10_0000;

    private readonly PciFunction?[] _functions = new PciFunction?[256];
    private readonly List<PciFunction> _present = [];
    private readonly int[] _wireAssertions = new int[4];
    private readonly MemoryBus _memory;
    private readonly PortBus _ports;
    private readonly IMessageInterruptTarget? _messages;
    private readonly DiagnosticLog _log;
    private uint _address;

    /// <summary>Creates an empty bus.</summary>
    /// <param name="memory">Where memory BARs appear, and what bus masters access.</param>
    /// <param name="ports">Where I/O BARs appear.</param>
    /// <param name="messages">Where MSI and MSI-X go; null on a machine without APICs.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public PciBus(MemoryBus memory, PortBus ports, IMessageInterruptTarget? messages, DiagnosticLog log)
    {
        _memory = memory;
        _ports = ports;
        _messages = messages;
        _log = log;
    }

    /// <summary>Where the wires lead: set by the interrupt router when it is added.</summary>
    public IPciInterruptSink? InterruptSink { get; set; }

    /// <summary>Takes byte writes to port 0xCF9 (offset 0xCF9 − 0xCF8 = 1), which is not configuration space but the chipset's reset control.</summary>
    public IPortDevice? ResetControl { get; set; }

    /// <summary>The machine's memory, for bus masters.</summary>
    public MemoryBus Memory => _memory;

    /// <summary>The machine's log.</summary>
    public DiagnosticLog Log => _log;

    /// <summary>The functions, in the order of their addition.</summary>
    public IReadOnlyList<PciFunction> Functions => _present;

    /// <inheritdoc/>
    public string SnapshotName => "pci";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>Claims ports 0xCF8 to 0xCFF.</summary>
    public void Map() => _ports.Map(0xcf8, 8, this, "pci");

    /// <summary>Puts a function on the bus.</summary>
    /// <param name="function">The function.</param>
    /// <param name="deviceNumber">0 to 31; negative: the first free device number from 1 on.</param>
    /// <param name="functionNumber">0 to 7.</param>
    /// <exception cref="InvalidOperationException">The place is taken, or none is free.</exception>
    public void Add(PciFunction function, int deviceNumber = -1, int functionNumber = 0)
    {
        for (int candidate = 1; deviceNumber < 0 && candidate < 32; candidate++)
        {
            if (Array.TrueForAll(_functions[(candidate * 8)..((candidate * 8) + 8)], f => f is null))
            {
                deviceNumber = candidate;
            }
        }

        int slot = (deviceNumber * 8) + functionNumber;
        if (deviceNumber is < 0 or > 31 || functionNumber is < 0 or > 7 || _functions[slot] is not null)
        {
            throw new InvalidOperationException($"PCI device {deviceNumber} function {functionNumber} is not free for {function.Name}.");
        }

        _functions[slot] = function;
        _present.Add(function);
        function.Attach(this, deviceNumber, functionNumber);
        if (functionNumber != 0 && _functions[deviceNumber * 8] is { } first)
        {
            first.IsMultiFunction = true;
        }
    }

    /// <summary>Puts the bus and all its functions to their power-on state.</summary>
    public void Reset()
    {
        _address = 0;
        foreach (PciFunction function in _present)
        {
            function.Reset();
        }
    }

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int byteCount)
    {
        if (offset == 0 && byteCount == 4)
        {
            return _address;
        }

        if (offset < 4)
        {
            return offset == 1 && byteCount == 1 && ResetControl is not null ? ResetControl.ReadPort(0, 1) : uint.MaxValue;
        }

        uint value = 0;
        for (int i = 0; i < byteCount; i++)
        {
            value |= (offset + i < 8 ? ReadData(offset + i - 4) : 0xff) << (8 * i);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int byteCount, uint value)
    {
        if (offset == 0 && byteCount == 4)
        {
            // Bits 1:0 are hard-wired to 0, bits 30:24 reserved.
            _address = value & 0x80ff_fffc;
            return;
        }

        if (offset < 4)
        {
            if (offset == 1 && byteCount == 1)
            {
                ResetControl?.WritePort(0, 1, value);
            }

            return;
        }

        int inside = Math.Min(byteCount, 8 - offset);
        if (Selected is { } function && inside > 0)
        {
            int at = (int)(_address & 0xfc) + offset - 4;
            uint part = inside == 4 ? value : value & ((1u << (8 * inside)) - 1);
            function.WriteConfiguration(at, inside, part);
        }
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("address", _address);
        for (int i = 0; i < 4; i++)
        {
            writer.Write($"wire{i}", _wireAssertions[i]);
        }
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _address = reader.ReadUInt32("address");
        for (int i = 0; i < 4; i++)
        {
            _wireAssertions[i] = reader.ReadInt32($"wire{i}");
        }
    }

    /// <summary>The wire (0 to 3: PIRQA to PIRQD) that a function's INTx pin reaches.</summary>
    /// <param name="deviceNumber">0 to 31.</param>
    /// <param name="interruptPin">1 to 4: INTA to INTD.</param>
    public static int WireOf(int deviceNumber, int interruptPin) => (deviceNumber - 1 + interruptPin - 1) & 3;

    internal void SetInterruptPin(int deviceNumber, int interruptPin, bool asserted)
    {
        int wire = WireOf(deviceNumber, interruptPin);
        int before = _wireAssertions[wire];
        int after = _wireAssertions[wire] = before + (asserted ? 1 : -1);
        if (before > 0 != after > 0)
        {
            InterruptSink?.SetPirq(wire, after > 0);
        }
    }

    internal void SendMessage(PciFunction sender, ulong address, uint data)
    {
        // A message is a memory write, which only a bus master can issue.
        if (sender.IsBusMaster)
        {
            _messages?.DeliverMessage(address, data);
        }
    }

    /// <summary>Moves BARs to where the guest put them. A BAR that would lie on something else stays invisible until that has gone.</summary>
    internal void UpdateMappings()
    {
        foreach (PciFunction function in _present)
        {
            function.ComputeBars();
            foreach (PciBar bar in function.Bars)
            {
                if (bar.MappedAt != bar.WantedAt && bar.MappedAt != PciBar.Unmapped)
                {
                    Unmap(bar);
                }
            }
        }

        foreach (PciFunction function in _present)
        {
            foreach (PciBar bar in function.Bars)
            {
                if (bar.MappedAt != bar.WantedAt)
                {
                    TryMap(bar);
                }
            }
        }
    }

    private PciFunction? Selected => _address >> 16 == 0x8000 ? _functions[(_address >> 8) & 0xff] : null;

    private uint ReadData(int offset) => Selected?.ReadConfiguration((int)(_address & 0xfc) + offset, 1) ?? 0xff;

    private void Unmap(PciBar bar)
    {
        if (bar.RamOffset is not null)
        {
            _memory.UnmapRam(bar.MappedAt, bar.ByteCount);
        }
        else if (bar.Memory is not null)
        {
            _memory.UnmapDevice(bar.MappedAt, bar.Memory);
        }
        else
        {
            _ports.Unmap((int)bar.MappedAt, (int)bar.ByteCount, bar.Ports!);
        }

        bar.MappedAt = PciBar.Unmapped;
    }

    private void TryMap(PciBar bar)
    {
        // What lies below 1 MiB belongs to the board, which maps memory there as it needs it.
        bool isFree = bar.RamOffset is not null && bar.WantedAt < OneMebibyte ? false : !bar.IsPorts
            ? _memory.IsFreeOfDevices(bar.WantedAt, bar.ByteCount) && !CoversRam(bar.WantedAt, bar.ByteCount)
            : _ports.IsFree((int)bar.WantedAt, (int)bar.ByteCount);
        if (!isFree)
        {
            _log.GuestMisuse(bar.Name, "base address register set onto something else; it stays unmapped", bar.WantedAt);
            return;
        }

        if (bar.RamOffset is { } ramOffset)
        {
            _memory.MapRam(bar.WantedAt, ramOffset, bar.ByteCount, readOnly: bar.IsRom, tracksWrites: !bar.IsRom);
        }
        else if (bar.Memory is not null)
        {
            _memory.MapDevice(bar.WantedAt, bar.ByteCount, bar.Memory, bar.Name);
        }
        else
        {
            _ports.Map((int)bar.WantedAt, (int)bar.ByteCount, bar.Ports!, bar.Name);
        }

        bar.MappedAt = bar.WantedAt;
    }

    private bool CoversRam(ulong guestPhysical, ulong byteCount)
    {
        foreach ((ulong start, ulong length, _, _, _) in _memory.DescribeRam())
        {
            if (guestPhysical < start + length && start < guestPhysical + byteCount)
            {
                return true;
            }
        }

        return false;
    }
}
