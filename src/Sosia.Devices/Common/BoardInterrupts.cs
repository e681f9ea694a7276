using System;
using Sosia.Core.Interrupts;
using Sosia.Devices.Apic;
using Sosia.Devices.Hpet;
using Sosia.Devices.Pic8259;
using Sosia.Devices.Pit8254;

namespace Sosia.Devices.Common;

/// <summary>A PC board's interrupt controllers and interval timer as one, for an engine that lets the host's hypervisor stand in for them.</summary>
/// <param name="bus">What connects the local APICs.</param>
/// <param name="ioApic">The I/O APIC.</param>
/// <param name="pic">The 8259A pair; null on a board without.</param>
/// <param name="wires">The board's wires.</param>
/// <param name="timer">The interval timer.</param>
/// <param name="systemControl">Port 61h.</param>
/// <param name="eventTimers">The event timers, which can take the interval timer's place; null on a board without.</param>
public sealed class BoardInterrupts(
    ApicBus bus, IoApic ioApic, Pic8259Pair? pic, GsiRouter wires, IntervalTimer timer, SystemControlPort systemControl, EventTimers? eventTimers) : IInterruptHardware
{
    private const int TimerWire = 0;
    private const int TimerInput = 2;

    /// <inheritdoc/>
    public bool HasPic => pic is not null;

    /// <inheritdoc/>
    public bool IsTimerReplaced => eventTimers is { HasReplacedTimer: true };

    /// <inheritdoc/>
    public bool SpeakerData
    {
        get => systemControl.SpeakerData;
        set => systemControl.SpeakerData = value;
    }

    /// <inheritdoc/>
    public IInterruptAccelerator? Accelerator
    {
        get => bus.Accelerator;
        set
        {
            bus.Accelerator = value;
            bool takesWires = value is { TakesWires: true };
            wires.Accelerator = takesWires ? value : null;
            if (eventTimers is not null)
            {
                eventTimers.ReplacedTimerChanged = takesWires ? () => value!.SetTimerReplaced(eventTimers.HasReplacedTimer) : null;
            }

            if (takesWires)
            {
                timer.Suspend();
                for (int i = 0; i < IoApic.InputCount; i++)
                {
                    if ((wires.AssertedWires & (1u << i)) != 0)
                    {
                        value!.SetWire(i, true);
                    }
                }
            }
            else if (value is not null)
            {
                for (int i = 0; i < IoApic.InputCount; i++)
                {
                    ioApic.AnnounceEntry(i);
                }

                value.SetExternalInterrupt(pic is { IsOutputAsserted: true });
            }
        }
    }

    /// <inheritdoc/>
    public void ExportLocalApic(int cpuIndex, Span<byte> page) => bus.LocalApics[cpuIndex].Export(page);

    /// <inheritdoc/>
    public void ImportLocalApic(int cpuIndex, ReadOnlySpan<byte> page, ulong timerDeadline) => bus.LocalApics[cpuIndex].Import(page, timerDeadline);

    /// <inheritdoc/>
    public IoApicRegisters ExportIoApic() => ioApic.Export();

    /// <inheritdoc/>
    public void ImportIoApic(in IoApicRegisters registers)
    {
        // The wires' levels are the board's to know; the timer's wire is input 2.
        uint asserted = wires.AssertedWires;
        uint lines = asserted & ~((1u << TimerWire) | (1u << TimerInput));
        ioApic.Import(registers with { Lines = lines | ((asserted >> TimerWire & 1) << TimerInput) });
    }

    /// <inheritdoc/>
    public PicRegisters ExportPic(int chip) => pic!.Export(chip);

    /// <inheritdoc/>
    public void ImportPic(int chip, in PicRegisters registers)
    {
        pic!.Import(chip, registers with { Lines = (byte)(wires.AssertedWires >> (8 * chip)) });
        if (chip == 1)
        {
            pic.UpdateOutput();
        }
    }

    /// <inheritdoc/>
    public PitChannelRegisters ExportPit(int channel) => timer.Export(channel);

    /// <inheritdoc/>
    public void ImportPit(int channel, in PitChannelRegisters registers) => timer.Import(channel, registers);

    /// <inheritdoc/>
    public void EndOfInterrupt(byte vector) => ioApic.EndOfInterrupt(vector);

    /// <inheritdoc/>
    public int AcknowledgeExternalInterrupt() => pic?.AcknowledgeInterrupt() ?? -1;
}
