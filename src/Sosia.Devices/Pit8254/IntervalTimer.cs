using System;
using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Pit8254;

/// <summary>
/// The 8254 programmable interval timer of a PC (Intel data sheet 231164) at 1.193182 MHz: counter 0 drives IRQ0, counter 1 was the
/// memory refresh, counter 2 the speaker, with its gate and output on port 0x61.
/// </summary>
/// <remarks>Runs on the machine's thread. With a thread per vCPU, one lock around the ports and the timer suffices.</remarks>
public sealed class IntervalTimer : ISnapshotable
{
    /// <summary>Frequency of the CLK inputs.</summary>
    public const long FrequencyHertz = 1_193_182;

    private readonly FrequencyScale _scale = new(FrequencyHertz);
    private readonly PitChannel[] _channels = [new(gate: true), new(gate: true), new(gate: false)];
    private readonly MachineClock _clock;
    private readonly IrqLine _irq;
    private readonly ClockTimer _timer;

    /// <summary>Creates the timer in its power-on state.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="irq0">The wire that counter 0's output drives.</param>
    public IntervalTimer(MachineClock clock, IrqLine irq0)
    {
        _clock = clock;
        _irq = irq0;
        _timer = clock.CreateTimer("pit", UpdateChannel0);
        Ports = new BytePorts(4, Read, Write);
    }

    /// <inheritdoc/>
    public string SnapshotName => "pit";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>The four ports, 0x40 on a PC.</summary>
    public IPortDevice Ports { get; }

    /// <summary>The gate input of counter 2.</summary>
    public bool Gate2
    {
        get => _channels[2].Gate;
        set
        {
            Counter2Changing?.Invoke();
            _channels[2].SetGate(value, Now);
            Counter2Changed?.Invoke();
        }
    }

    /// <summary>The output of counter 2.</summary>
    public bool Output2
    {
        get
        {
            Counter2Changing?.Invoke();
            _channels[2].Advance(Now);
            return _channels[2].Output;
        }
    }

    /// <summary>Counter 2, for the loudspeaker; as of the last time that somebody looked at it.</summary>
    internal PitChannel Counter2 => _channels[2];

    /// <summary>Called before counter 2 is brought up to the present, so that the loudspeaker has heard what it did until then.</summary>
    internal Action? Counter2Changing { get; set; }

    /// <summary>Called after counter 2 was given something else to do.</summary>
    internal Action? Counter2Changed { get; set; }

    private long Now => _scale.TicksAt(_clock.NowNanoseconds);

    /// <summary>Claims ports 0x40 to 0x43.</summary>
    public void Map(PortBus ports) => ports.Map(0x40, 4, Ports, "pit");

    /// <summary>Puts the counters to their power-on state (undefined in hardware; here: mode 0 without a count, outputs low).</summary>
    public void Reset()
    {
        _channels[0].Reset(gate: true);
        _channels[1].Reset(gate: true);
        _channels[2].Reset(gate: false);
        _timer.Cancel();
        _irq.Set(false);
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        for (int i = 0; i < 3; i++)
        {
            _channels[i].Save(writer, $"{i}.");
        }

        writer.Write("due", _timer.IsArmed ? _timer.DeadlineNanoseconds : MachineClock.Never);
        writer.Write("irq", _irq.IsAsserted);
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        for (int i = 0; i < 3; i++)
        {
            _channels[i].Restore(reader, $"{i}.");
        }

        ArmAt(reader.ReadInt64("due"));
        _irq.RestoreLevel(reader.ReadBoolean("irq"));
    }

    /// <summary>Reads a counter, for a hypervisor of the host that stands in for the timer.</summary>
    internal PitChannelRegisters Export(int channel) => _channels[channel].Export();

    /// <summary>Takes a counter's state back.</summary>
    internal void Import(int channel, in PitChannelRegisters registers)
    {
        _channels[channel].Import(registers, Now);
        if (channel == 2)
        {
            Counter2Changed?.Invoke();
        }
        else if (channel == 0)
        {
            UpdateChannel0();
        }
    }

    /// <summary>The hypervisor's timer counts from now on: this one's interrupt comes from there.</summary>
    internal void Suspend()
    {
        _timer.Cancel();
        _irq.Set(false);
    }

    private byte Read(int offset)
    {
        if (offset == 2)
        {
            Counter2Changing?.Invoke();
        }

        return offset == 3 ? (byte)0xff : _channels[offset].Read(Now);
    }

    private void Write(int offset, byte value)
    {
        if (offset < 2)
        {
            WriteRegister(offset, value);
            return;
        }

        Counter2Changing?.Invoke();
        WriteRegister(offset, value);
        Counter2Changed?.Invoke();
    }

    private void WriteRegister(int offset, byte value)
    {
        long now = Now;
        if (offset < 3)
        {
            _channels[offset].WriteCount(value, now);
        }
        else if (value >> 6 != 3)
        {
            offset = value >> 6;
            _channels[offset].WriteControl(value, now);
        }
        else
        {
            ReadBack(value, now);
            return;
        }

        if (offset == 0)
        {
            UpdateChannel0();
        }
    }

    // The read-back command latches counts and status of several counters at once.
    private void ReadBack(byte value, long now)
    {
        for (int i = 0; i < 3; i++)
        {
            if ((value & (2 << i)) == 0)
            {
                continue;
            }

            if ((value & 0x20) == 0)
            {
                _channels[i].LatchCount(now);
            }

            if ((value & 0x10) == 0)
            {
                _channels[i].LatchStatus(now);
            }
        }
    }

    private void UpdateChannel0()
    {
        PitChannel channel = _channels[0];
        channel.Advance(Now);
        if (channel.RoseSinceCleared)
        {
            // Edges that passed unseen (a late host) are one edge, as they would be for a processor that looks away.
            channel.RoseSinceCleared = false;
            _irq.Set(false);
            _irq.Set(true);
        }

        _irq.Set(channel.Output);
        long edge = channel.NextEdge();
        ArmAt(edge == MachineClock.Never ? edge : _scale.NanosecondsAt(edge));
    }

    private void ArmAt(long nanoseconds)
    {
        if (nanoseconds == MachineClock.Never)
        {
            _timer.Cancel();
        }
        else
        {
            _timer.Arm(nanoseconds);
        }
    }
}
