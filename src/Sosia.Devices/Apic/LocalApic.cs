using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Devices.Apic;

/// <summary>
/// One processor's local APIC with x2APIC (Intel SDM volume 3, chapter 11): priorities, messages, local vector table, timer at a bus
/// clock of 1 GHz. Globally disabled, it leads INTR and NMI straight to the processor.
/// </summary>
/// <remarks>
/// The processor calls it through <see cref="ILocalInterruptController"/>, its memory accesses arrive through <see cref="ApicBus"/>.
/// With a thread per vCPU, both take the lock of the devices, as messages from other processors do.
/// </remarks>
public sealed partial class LocalApic : ILocalInterruptController, IMmioDevice, ISnapshotable
{
    /// <summary>The register page's address after reset.</summary>
    public const ulong DefaultBase = 0xfee0_0000;

    /// <summary>Frequency of the timer's input clock.</summary>
    public const long BusFrequencyHertz = 1_000_000_000;

    private const ulong BaseBootstrap = 1 << 8;
    private const ulong BaseX2Apic = 1 << 10;
    private const ulong BaseEnable = 1 << 11;
    private const uint VersionRegister = 0x0005_0014;   // integrated APIC, 6 LVT entries
    private const uint LvtMasked = 1 << 16;
    private const uint LvtLevelTriggered = 1 << 15;
    private const uint LvtRemoteIrr = 1 << 14;

    private const int LvtTimer = 0;
    private const int LvtThermal = 1;
    private const int LvtPerformance = 2;
    private const int LvtLint0 = 3;
    private const int LvtLint1 = 4;
    private const int LvtError = 5;
    private const int LvtCount = 6;

    private const uint ErrorSendIllegalVector = 1 << 5;
    private const uint ErrorReceiveIllegalVector = 1 << 6;
    private const uint ErrorIllegalRegister = 1 << 7;

    private readonly uint _initialId;
    private readonly ICpuInterruptPort _cpu;
    private readonly ApicBus _bus;
    private readonly DiagnosticLog _log;
    private readonly LocalApicTimer _timer;
    private readonly ulong _physicalAddressMask;
    private readonly bool _isBootstrap;
    private readonly uint[] _lvt = new uint[LvtCount];
    private readonly bool[] _lint = new bool[2];

    private ulong _base;
    private uint _id;
    private byte _taskPriority;
    private uint _logicalDestination;
    private uint _destinationFormat;
    private uint _spurious;
    private uint _errorStatus;      // what a read shows
    private uint _errorPending;     // what the next write to the ESR latches
    private uint _icrLow;
    private uint _icrHigh;
    private VectorSet _inService;
    private VectorSet _triggerMode;
    private VectorSet _requests;
    private bool _externalMessage;  // an ExtINT message waits for its acknowledge
    private bool _interruptRaised;  // the level last given to the processor

    /// <summary>Creates a local APIC in its power-on state and puts it on the bus.</summary>
    /// <param name="apicId">Its id, 0 to 254.</param>
    /// <param name="cpu">Its processor.</param>
    /// <param name="bus">Where its messages go.</param>
    /// <param name="clock">The machine's clock; one nanosecond is one tick of the bus clock.</param>
    /// <param name="timeStampOffset">Gives this processor's time stamp counter minus the ticks in the clock's nanoseconds.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    /// <param name="isBootstrap">True for the processor that starts the machine.</param>
    /// <param name="physicalAddressBits">The processor's MAXPHYADDR, 36 to 52.</param>
    /// <param name="timeStampKilohertz">Gives the frequency of its time stamp counter, whose ticks the offset counts too; null for 1 GHz.</param>
    public LocalApic(
        byte apicId,
        ICpuInterruptPort cpu,
        ApicBus bus,
        MachineClock clock,
        Func<long> timeStampOffset,
        DiagnosticLog log,
        bool isBootstrap,
        int physicalAddressBits = 40,
        Func<int>? timeStampKilohertz = null)
    {
        _initialId = apicId;
        _cpu = cpu;
        _bus = bus;
        _log = log;
        _isBootstrap = isBootstrap;
        _physicalAddressMask = (1UL << physicalAddressBits) - 1;
        _timer = new LocalApicTimer($"lapic{apicId}", clock, timeStampOffset, timeStampKilohertz, TimerExpired);
        SnapshotName = $"lapic{apicId}";
        PutToPowerOn();
        bus.Add(this);
    }

    /// <inheritdoc/>
    public string SnapshotName { get; }

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <inheritdoc/>
    public ulong BaseRegister => _base;

    /// <summary>The address of the register page.</summary>
    public ulong BasePhysical => _base & _physicalAddressMask & ~0xfffUL;

    /// <summary>The current APIC id.</summary>
    public uint Id => _id;

    /// <summary>True in xAPIC mode: the registers are in memory.</summary>
    public bool IsMemoryMapped => (_base & (BaseEnable | BaseX2Apic)) == BaseEnable;

    /// <summary>True in x2APIC mode: the registers are MSRs.</summary>
    public bool IsX2Apic => (_base & (BaseEnable | BaseX2Apic)) == (BaseEnable | BaseX2Apic);

    /// <summary>True when enabled in IA32_APIC_BASE and in the spurious interrupt vector register.</summary>
    public bool IsSoftwareEnabled => IsEnabled && (_spurious & 0x100) != 0;

    /// <inheritdoc/>
    public byte TaskPriorityClass
    {
        get => (byte)(_taskPriority >> 4);
        set
        {
            _taskPriority = (byte)(value << 4);
            Update();
        }
    }

    /// <inheritdoc/>
    public ulong TimerDeadline
    {
        get => _timer.Deadline;
        set => _timer.Deadline = value;
    }

    /// <summary>The processor priority register (SDM 11.8.3.1).</summary>
    public byte ProcessorPriority
    {
        get
        {
            int serving = _inService.Highest();
            int servingClass = serving < 0 ? 0 : serving & 0xf0;
            return (_taskPriority & 0xf0) >= servingClass ? _taskPriority : (byte)servingClass;
        }
    }

    private bool IsEnabled => (_base & BaseEnable) != 0;

    /// <summary>Puts everything, the base register included, to its power-on state.</summary>
    public void Reset()
    {
        PutToPowerOn();
        _bus.UpdateWindows();
        Update();
    }

    /// <inheritdoc/>
    public void CpuInitialized()
    {
        // SDM 11.4.7.3: the INIT state is the power-on state except for the APIC id and base.
        PutRegistersToPowerOn();
        Update();
    }

    /// <summary>
    /// Does what PC firmware does before it starts an operating system: enables the APIC in virtual wire mode (LINT0 = ExtINT, LINT1 = NMI).
    /// For machines that start a kernel without firmware.
    /// </summary>
    public void EnableVirtualWire()
    {
        _spurious = 0x1ff;
        _lvt[LvtLint0] = (uint)ApicDeliveryMode.External << 8;
        _lvt[LvtLint1] = (uint)ApicDeliveryMode.NonMaskable << 8;
        Update();
    }

    /// <summary>
    /// Lets the 8259A pair through at LINT0 before any firmware has programmed it, as boards with an interrupt mode configuration register do from power-on ("PIC mode",
    /// MultiProcessor Specification 1.4, section 3.6.2.1). Firmware that only enables the APIC, as Bochs's does, counts on it.
    /// </summary>
    public void AcceptInterruptController()
    {
        _lvt[LvtLint0] = (uint)ApicDeliveryMode.External << 8;
        Update();
    }

    /// <summary>The processor's time stamp counter was written or adjusted.</summary>
    public void TimeStampOffsetChanged() => _timer.TimeStampOffsetChanged();

    /// <inheritdoc/>
    public bool TrySetBaseRegister(ulong value)
    {
        const ulong Defined = BaseBootstrap | BaseX2Apic | BaseEnable;
        if ((value & ~(Defined | (_physicalAddressMask & ~0xfffUL))) != 0)
        {
            return false;
        }

        ulong oldMode = _base & (BaseEnable | BaseX2Apic);
        ulong newMode = value & (BaseEnable | BaseX2Apic);

        // SDM 11.12.5: x2APIC is entered from xAPIC only, and left by disabling only.
        bool isLegal = newMode != BaseX2Apic
            && !(oldMode == 0 && newMode == (BaseEnable | BaseX2Apic))
            && !(oldMode == (BaseEnable | BaseX2Apic) && newMode == BaseEnable);
        if (!isLegal)
        {
            return false;
        }

        _base = value;
        if (newMode != oldMode)
        {
            if (newMode == 0)
            {
                PutRegistersToPowerOn();
            }
            else if (newMode == (BaseEnable | BaseX2Apic))
            {
                _id = _initialId;
                _logicalDestination = ((_id & ~0xfu) << 12) | (1u << (int)(_id & 0xf));
                _icrHigh = 0;
            }
            else
            {
                _id = _initialId;
                _logicalDestination = 0;
            }
        }

        _bus.UpdateWindows();
        Update();
        return true;
    }

    /// <inheritdoc/>
    public int AcknowledgeInterrupt()
    {
        int vector = HighestDeliverable();
        if (vector >= 0)
        {
            _requests.Remove(vector);
            _inService.Add(vector);
        }
        else if (ExternalRequested())
        {
            _externalMessage = false;
            vector = _bus.ExternalInterrupts?.AcknowledgeInterrupt() ?? -1;
        }

        Update();
        return vector;
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("base", _base);
        writer.Write("id", _id);
        writer.Write("tpr", _taskPriority);
        writer.Write("ldr", _logicalDestination);
        writer.Write("dfr", _destinationFormat);
        writer.Write("svr", _spurious);
        writer.Write("esr", _errorStatus);
        writer.Write("esr-pending", _errorPending);
        writer.Write("icr-low", _icrLow);
        writer.Write("icr-high", _icrHigh);
        writer.WriteStruct("isr", _inService);
        writer.WriteStruct("tmr", _triggerMode);
        writer.WriteStruct("irr", _requests);
        for (int i = 0; i < LvtCount; i++)
        {
            writer.Write($"lvt{i}", _lvt[i]);
        }

        writer.Write("lint0", _lint[0]);
        writer.Write("lint1", _lint[1]);
        writer.Write("extint", _externalMessage);
        writer.Write("raised", _interruptRaised);
        _timer.Save(writer);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _base = reader.ReadUInt64("base");
        _id = reader.ReadUInt32("id");
        _taskPriority = reader.ReadByte("tpr");
        _logicalDestination = reader.ReadUInt32("ldr");
        _destinationFormat = reader.ReadUInt32("dfr");
        _spurious = reader.ReadUInt32("svr");
        _errorStatus = reader.ReadUInt32("esr");
        _errorPending = reader.ReadUInt32("esr-pending");
        _icrLow = reader.ReadUInt32("icr-low");
        _icrHigh = reader.ReadUInt32("icr-high");
        reader.ReadStruct("isr", out _inService);
        reader.ReadStruct("tmr", out _triggerMode);
        reader.ReadStruct("irr", out _requests);
        for (int i = 0; i < LvtCount; i++)
        {
            _lvt[i] = reader.ReadUInt32($"lvt{i}");
        }

        _lint[0] = reader.ReadBoolean("lint0");
        _lint[1] = reader.ReadBoolean("lint1");
        _externalMessage = reader.ReadBoolean("extint");
        _interruptRaised = reader.ReadBoolean("raised");
        _timer.Restore(reader);
        _bus.UpdateWindows();
    }

    /// <summary>True when a message addresses this processor (SDM 11.6.2).</summary>
    internal bool Matches(in ApicMessage message)
    {
        if (message.Destination == ApicMessage.Broadcast)
        {
            return true;
        }

        if (!message.IsLogical)
        {
            return message.Destination == _id;
        }

        if (!IsEnabled)
        {
            return false;
        }

        if (IsX2Apic)
        {
            return message.Destination >> 16 == _logicalDestination >> 16
                && (message.Destination & _logicalDestination & 0xffff) != 0;
        }

        var destination = (byte)message.Destination;
        var own = (byte)(_logicalDestination >> 24);
        if (_destinationFormat >> 28 == 0xf)
        {
            return (destination & own) != 0;
        }

        // Cluster model: bits 7:4 name the cluster (15: all of them), bits 3:0 its members.
        return (destination >> 4 == own >> 4 || destination >> 4 == 0xf) && (destination & own & 0xf) != 0;
    }

    /// <summary>Takes a message that addresses this processor.</summary>
    /// <returns>False when it is refused.</returns>
    internal bool Accept(in ApicMessage message)
    {
        switch (message.Mode)
        {
            case ApicDeliveryMode.Fixed:
            case ApicDeliveryMode.LowestPriority:
                return AcceptVector(message.Vector, message.IsLevelTriggered);

            case ApicDeliveryMode.NonMaskable:
                _cpu.SetSignal(CpuSignal.NonMaskableInterrupt, true);
                return true;

            case ApicDeliveryMode.Init:
                _cpu.SetSignal(CpuSignal.Init, true);
                return true;

            case ApicDeliveryMode.Startup:
                _cpu.Startup(message.Vector);
                return true;

            case ApicDeliveryMode.External:
                if (!IsSoftwareEnabled)
                {
                    return false;
                }

                _externalMessage = true;
                Update();
                return true;

            default:
                // Neither system management mode nor the reserved mode exists on this processor.
                _log.GuestMisuse(SnapshotName, "interrupt message with an unsupported delivery mode", (ulong)message.Mode);
                return false;
        }
    }

    /// <summary>Drives LINT0 (<paramref name="input"/> 0) or LINT1 (1).</summary>
    internal void SetLocalInterrupt(int input, bool asserted)
    {
        if ((uint)input > 1 || _lint[input] == asserted)
        {
            return;
        }

        _lint[input] = asserted;
        if (!IsEnabled)
        {
            // Without an APIC the pins are INTR and NMI.
            if (input == 1 && asserted)
            {
                _cpu.SetSignal(CpuSignal.NonMaskableInterrupt, true);
            }
        }
        else if (asserted && (ApicDeliveryMode)((_lvt[LvtLint0 + input] >> 8) & 7) != ApicDeliveryMode.External)
        {
            DeliverLocal(LvtLint0 + input);
        }

        Update();
    }

    private void PutToPowerOn()
    {
        _base = DefaultBase | BaseEnable | (_isBootstrap ? BaseBootstrap : 0);
        _id = _initialId;
        PutRegistersToPowerOn();
    }

    private void PutRegistersToPowerOn()
    {
        _taskPriority = 0;
        _logicalDestination = IsX2Apic ? ((_id & ~0xfu) << 12) | (1u << (int)(_id & 0xf)) : 0;
        _destinationFormat = uint.MaxValue;
        _spurious = 0xff;
        _errorStatus = _errorPending = 0;
        _icrLow = _icrHigh = 0;
        _inService.Clear();
        _triggerMode.Clear();
        _requests.Clear();
        Array.Fill(_lvt, LvtMasked);
        _externalMessage = false;
        _timer.Reset();
    }

    private bool AcceptVector(byte vector, bool isLevelTriggered)
    {
        if (!IsSoftwareEnabled)
        {
            return false;
        }

        if (vector < 16)
        {
            RaiseError(ErrorReceiveIllegalVector);
            return true;
        }

        _requests.Add(vector);
        if (isLevelTriggered)
        {
            _triggerMode.Add(vector);
        }
        else
        {
            _triggerMode.Remove(vector);
        }

        Update();
        return true;
    }

    // An interrupt of the local vector table.
    private void DeliverLocal(int entry)
    {
        uint lvt = _lvt[entry];
        if ((lvt & LvtMasked) != 0)
        {
            return;
        }

        switch ((ApicDeliveryMode)((lvt >> 8) & 7))
        {
            case ApicDeliveryMode.Fixed:
                bool isLevel = entry == LvtLint0 && (lvt & LvtLevelTriggered) != 0;
                if (isLevel)
                {
                    if ((lvt & LvtRemoteIrr) != 0)
                    {
                        return;
                    }

                    _lvt[entry] |= LvtRemoteIrr;
                }

                AcceptVector((byte)lvt, isLevel);
                break;

            case ApicDeliveryMode.NonMaskable:
                _cpu.SetSignal(CpuSignal.NonMaskableInterrupt, true);
                break;

            case ApicDeliveryMode.Init:
                _cpu.SetSignal(CpuSignal.Init, true);
                break;

            default:
                _log.GuestMisuse(SnapshotName, "local vector table entry with an unsupported delivery mode", lvt);
                break;
        }
    }

    private void TimerExpired() => DeliverLocal(LvtTimer);

    private void RaiseError(uint error)
    {
        bool isNew = (_errorPending & error) == 0;
        _errorPending |= error;
        if (isNew)
        {
            DeliverLocal(LvtError);
        }
    }

    private void EndOfInterrupt()
    {
        int vector = _inService.Highest();
        if (vector < 0)
        {
            return;
        }

        _inService.Remove(vector);
        if (_triggerMode.Contains(vector))
        {
            if ((_lvt[LvtLint0] & LvtRemoteIrr) != 0 && (byte)_lvt[LvtLint0] == vector)
            {
                _lvt[LvtLint0] &= ~LvtRemoteIrr;
                if (_lint[0])
                {
                    DeliverLocal(LvtLint0);
                }
            }

            _bus.BroadcastEndOfInterrupt((byte)vector);
        }

        Update();
    }

    // The requested vector that the processor may take now, or −1.
    private int HighestDeliverable()
    {
        if (!IsEnabled)
        {
            return -1;
        }

        int vector = _requests.Highest();
        return vector >= 0 && (vector & 0xf0) > (ProcessorPriority & 0xf0) ? vector : -1;
    }

    private bool ExternalRequested()
    {
        if (!IsEnabled)
        {
            return _lint[0];
        }

        uint lint0 = _lvt[LvtLint0];
        return _externalMessage
            || (_lint[0] && (lint0 & LvtMasked) == 0 && (ApicDeliveryMode)((lint0 >> 8) & 7) == ApicDeliveryMode.External);
    }

    private void Update()
    {
        bool raise = HighestDeliverable() >= 0 || ExternalRequested();
        if (raise != _interruptRaised)
        {
            _interruptRaised = raise;
            _cpu.SetSignal(CpuSignal.Interrupt, raise);
        }
    }
}
