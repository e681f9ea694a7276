using System;
using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Interrupts;
using Sosia.Devices.Pic8259;

namespace Sosia.Devices.Apic;

/// <summary>
/// Carries interrupt messages between local APICs, I/O APICs and devices, leads the two interrupt wires of the board (INTR and NMI)
/// to every local APIC, and shows each processor its own local APIC's registers (Intel SDM volume 3, chapter 11).
/// </summary>
/// <remarks>
/// Everything runs on the machine's thread or, with a thread per vCPU, under the lock of the devices; <see cref="CurrentProcessor"/> is each thread's own.
/// </remarks>
public sealed class ApicBus : IIrqSink, IMessageInterruptTarget
{
    /// <summary>The input that takes the 8259A pair's INT output (LINT0 of every processor).</summary>
    public const int ExternalInterruptInput = 0;

    /// <summary>The input that takes the board's NMI (LINT1 of every processor).</summary>
    public const int NonMaskableInput = 1;

    [ThreadStatic]
    private static int _threadProcessor;

    private readonly MemoryBus _memory;
    private readonly DiagnosticLog _log;
    private readonly List<LocalApic> _localApics = [];
    private readonly List<IoApic> _ioApics = [];
    private readonly List<ApicWindow> _windows = [];
    private int _currentProcessor;

    /// <summary>Creates a bus without APICs.</summary>
    /// <param name="memory">Where the local APICs' registers appear.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public ApicBus(MemoryBus memory, DiagnosticLog log)
    {
        _memory = memory;
        _log = log;
    }

    /// <summary>The host's local APICs that stand in for these; null for none. Then messages go there, and what arrives here is not for the processors.</summary>
    public IInterruptAccelerator? Accelerator { get; set; }

    /// <summary>Who answers interrupt acknowledge cycles for ExtINT; null on a machine without 8259A.</summary>
    public IExternalInterruptController? ExternalInterrupts { get; set; }

    /// <summary>
    /// Which processor (index into <see cref="LocalApics"/>) is accessing memory on the calling thread: the machine sets it before it runs a vCPU.
    /// </summary>
    public int CurrentProcessor
    {
        get => _memory.Threads.AreRunning ? _threadProcessor : _currentProcessor;
        set
        {
            if (_memory.Threads.AreRunning)
            {
                _threadProcessor = value;
            }
            else
            {
                _currentProcessor = value;
            }
        }
    }

    /// <summary>The local APICs, in the order of their processors.</summary>
    public IReadOnlyList<LocalApic> LocalApics => _localApics;

    /// <inheritdoc/>
    public void SetIrq(int input, bool asserted)
    {
        if (Accelerator is not null)
        {
            SetAcceleratedIrq(input, asserted);
            return;
        }

        foreach (LocalApic apic in _localApics)
        {
            apic.SetLocalInterrupt(input, asserted);
        }
    }

    /// <inheritdoc/>
    public void DeliverMessage(ulong address, uint data)
    {
        if ((address & ~0xf_ffffUL) != 0xfee0_0000)
        {
            _log.GuestMisuse("apic-bus", "message-signalled interrupt to an address that is no interrupt message", address);
            return;
        }

        if (Accelerator is { } accelerator)
        {
            accelerator.SendMessage(address, data);
            return;
        }

        bool isLogical = (address & 4) != 0;
        // The redirection hint together with logical mode is lowest-priority arbitration, which the delivery mode also names.
        Deliver(new ApicMessage(
            ApicMessage.WidenDestination((byte)(address >> 12), isLogical),
            isLogical,
            (ApicDeliveryMode)((data >> 8) & 7),
            (byte)data,
            (data & 0x8000) != 0));
    }

    /// <summary>Delivers a message to the processors that it addresses.</summary>
    /// <returns>True when at least one accepted it.</returns>
    public bool Deliver(in ApicMessage message)
    {
        if (Accelerator is { } accelerator)
        {
            (ulong address, uint data) = message.ToMemoryWrite();
            accelerator.SendMessage(address, data);
            return true;
        }

        if (message.Mode == ApicDeliveryMode.LowestPriority)
        {
            return DeliverLowestPriority(message);
        }

        bool accepted = false;
        foreach (LocalApic apic in _localApics)
        {
            if (apic.Matches(message))
            {
                accepted |= apic.Accept(message);
            }
        }

        return accepted;
    }

    /// <summary>Delivers a message to everybody, with or without the sender.</summary>
    internal void DeliverToAll(in ApicMessage message, LocalApic? except)
    {
        foreach (LocalApic apic in _localApics)
        {
            if (!ReferenceEquals(apic, except))
            {
                apic.Accept(message);
            }
        }
    }

    internal void BroadcastEndOfInterrupt(byte vector)
    {
        foreach (IoApic ioApic in _ioApics)
        {
            ioApic.EndOfInterrupt(vector);
        }
    }

    internal void Add(LocalApic apic)
    {
        _localApics.Add(apic);
        UpdateWindows();
    }

    internal void Add(IoApic ioApic) => _ioApics.Add(ioApic);

    /// <summary>The local APIC whose registers the running processor sees at a base address; null when there is none.</summary>
    internal LocalApic? VisibleAt(ulong basePhysical)
    {
        if ((uint)CurrentProcessor >= (uint)_localApics.Count)
        {
            return null;
        }

        LocalApic apic = _localApics[CurrentProcessor];
        return apic.IsMemoryMapped && apic.BasePhysical == basePhysical ? apic : null;
    }

    /// <summary>A base register changed: makes the register pages appear where some processor has them.</summary>
    internal void UpdateWindows()
    {
        for (int i = _windows.Count - 1; i >= 0; i--)
        {
            ApicWindow window = _windows[i];
            if (!_localApics.Exists(apic => apic.IsMemoryMapped && apic.BasePhysical == window.BasePhysical))
            {
                _memory.UnmapDevice(window.BasePhysical, window);
                _windows.RemoveAt(i);
            }
        }

        foreach (LocalApic apic in _localApics)
        {
            ulong basePhysical = apic.BasePhysical;
            if (!apic.IsMemoryMapped || _windows.Exists(window => window.BasePhysical == basePhysical))
            {
                continue;
            }

            if (!_memory.IsFreeOfDevices(basePhysical, 4096))
            {
                _log.GuestMisuse("apic-bus", "local APIC moved onto another device; it stays invisible", basePhysical);
                continue;
            }

            var created = new ApicWindow(this, basePhysical);
            _memory.MapDevice(basePhysical, 4096, created, "lapic");
            _windows.Add(created);
        }
    }

    // The pair's output and the board's NMI, while the local interrupts are the host's.
    private void SetAcceleratedIrq(int input, bool asserted)
    {
        foreach (LocalApic apic in _localApics)
        {
            apic.NoteLocalInterrupt(input, asserted);
        }

        if (input == ExternalInterruptInput && !Accelerator!.TakesWires)
        {
            Accelerator.SetExternalInterrupt(asserted);
        }
        else if (input == NonMaskableInput && asserted)
        {
            _localApics[0].PassNonMaskable();
        }
    }

    private bool DeliverLowestPriority(in ApicMessage message)
    {
        LocalApic? chosen = null;
        foreach (LocalApic apic in _localApics)
        {
            if (apic.Matches(message) && apic.IsSoftwareEnabled
                && (chosen is null || apic.ProcessorPriority < chosen.ProcessorPriority))
            {
                chosen = apic;
            }
        }

        return chosen is not null && chosen.Accept(message);
    }

    private sealed class ApicWindow(ApicBus bus, ulong basePhysical) : IMmioDevice
    {
        public ulong BasePhysical { get; } = basePhysical;

        public ulong ReadMmio(ulong offset, int byteCount)
            => bus.VisibleAt(BasePhysical) is { } apic ? apic.ReadMmio(offset, byteCount) : ulong.MaxValue;

        public void WriteMmio(ulong offset, int byteCount, ulong value)
            => bus.VisibleAt(BasePhysical)?.WriteMmio(offset, byteCount, value);
    }
}
