using System;
using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.Common;

namespace Sosia.Devices.Hpet;

/// <summary>
/// The high precision event timers (IA-PC HPET Specification 1.0a): a 64-bit counter at 100 MHz and three comparators, all of which
/// can be periodic, 32 or 64 bits wide and edge- or level-triggered, and can be routed to the I/O APIC's inputs 20 to 23; legacy
/// replacement routing puts comparators 0 and 1 in the place of the interval timer and the real-time clock.
/// </summary>
/// <remarks>Runs on the machine's thread. With a thread per vCPU, one lock around the registers, the legacy inputs and the timers suffices.</remarks>
public sealed class EventTimers : IMmioDevice, ISnapshotable
{
    /// <summary>Where a PC has it.</summary>
    public const ulong DefaultBase = 0xfed0_0000;

    /// <summary>Size of the register block.</summary>
    public const ulong ByteCount = 1024;

    /// <summary>The counter's period in femtoseconds.</summary>
    public const uint PeriodFemtoseconds = 10_000_000;

    /// <summary>The legacy input that takes the interval timer's output (IRQ0).</summary>
    public const int IntervalTimerInput = 0;

    /// <summary>The legacy input that takes the real-time clock's output (IRQ8).</summary>
    public const int RealTimeClockInput = 1;

    private const int TimerCount = 3;
    private const long TickNanoseconds = PeriodFemtoseconds / 1_000_000;
    private const ulong Enable = 1;
    private const ulong LegacyReplacement = 2;
    private const ulong RouteCapabilities = 0x00f0_0000;
    private const ulong TimerCapabilities = (RouteCapabilities << 32) | (1 << 4) | (1 << 5);
    private const ulong TimerWritable = 0x3f4e;
    private const ulong Identification = ((ulong)PeriodFemtoseconds << 32) | 0x8086_a001 | ((TimerCount - 1) << 8);

    private readonly MachineClock _clock;
    private readonly HpetTimer[] _timers = [new(), new(), new()];
    private readonly ClockTimer[] _clockTimers = new ClockTimer[TimerCount];
    private readonly RoutedIrq[] _wires = new RoutedIrq[TimerCount];
    private readonly RoutedIrq[] _legacyWires = new RoutedIrq[2];
    private readonly bool[] _legacyLevels = new bool[2];
    private ulong _configuration;
    private ulong _status;
    private ulong _counter;     // the counter's value when it stands, or at _startNanoseconds
    private long _startNanoseconds;

    /// <summary>Creates the block in its power-on state.</summary>
    /// <param name="clock">The machine's clock.</param>
    /// <param name="interrupts">The board's interrupt inputs: 0 and 8 for legacy replacement, 20 to 23 otherwise.</param>
    public EventTimers(MachineClock clock, IIrqSink interrupts)
    {
        _clock = clock;
        LegacyInputs = new LegacySink(this);
        for (int i = 0; i < TimerCount; i++)
        {
            int index = i;
            _clockTimers[i] = clock.CreateTimer($"hpet{i}", () => OnMatch(index));
            _wires[i] = new RoutedIrq(interrupts);
            _timers[i].Configuration = TimerCapabilities;
            _timers[i].Comparator = ulong.MaxValue;
        }

        _legacyWires[0] = new RoutedIrq(interrupts);
        _legacyWires[1] = new RoutedIrq(interrupts);
    }

    /// <inheritdoc/>
    public string SnapshotName => "hpet";

    /// <inheritdoc/>
    public int SnapshotVersion => 1;

    /// <summary>
    /// Inputs for the interval timer (0) and the real-time clock (1): they pass to IRQ0 and IRQ8 unless legacy replacement is on.
    /// </summary>
    public IIrqSink LegacyInputs { get; }

    /// <summary>True while the event timers have the place of the interval timer and the real-time clock on their wires.</summary>
    public bool HasReplacedTimer => IsLegacy;

    /// <summary>Called when <see cref="HasReplacedTimer"/> has changed; null for nobody.</summary>
    public System.Action? ReplacedTimerChanged { get; set; }

    private bool IsEnabled => (_configuration & Enable) != 0;

    private bool IsLegacy => (_configuration & LegacyReplacement) != 0;

    private ulong Counter => IsEnabled
        ? _counter + (ulong)((_clock.NowNanoseconds - _startNanoseconds) / TickNanoseconds)
        : _counter;

    /// <summary>Makes the registers appear in memory.</summary>
    public void Map(MemoryBus memory, ulong guestPhysical = DefaultBase) => memory.MapDevice(guestPhysical, ByteCount, this, "hpet");

    /// <summary>Puts the registers to their power-on values.</summary>
    public void Reset()
    {
        _configuration = 0;
        _status = 0;
        _counter = 0;
        for (int i = 0; i < TimerCount; i++)
        {
            _timers[i].Configuration = TimerCapabilities;
            _timers[i].Comparator = ulong.MaxValue;
            _timers[i].Period = 0;
            _timers[i].Matched = false;
            _clockTimers[i].Cancel();
            _wires[i].Set(RoutedIrq.Nowhere, false);
        }

        UpdateLegacyInputs();
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int byteCount)
    {
        int inside = (int)(offset & 7);
        ulong value = ReadRegister((int)offset & ~7) >> (8 * inside);
        if (inside + byteCount > 8)
        {
            value |= ReadRegister(((int)offset & ~7) + 8) << (8 * (8 - inside));
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int byteCount, ulong value)
    {
        int inside = (int)(offset & 7);
        int inFirst = Math.Min(byteCount, 8 - inside);
        ulong mask = ulong.MaxValue >> (64 - (8 * inFirst)) << (8 * inside);
        WriteRegister((int)offset & ~7, (value << (8 * inside)) & mask, mask);
        if (inFirst < byteCount)
        {
            mask = ulong.MaxValue >> (64 - (8 * (byteCount - inFirst)));
            WriteRegister(((int)offset & ~7) + 8, (value >> (8 * inFirst)) & mask, mask);
        }
    }

    /// <inheritdoc/>
    public void Save(SnapshotWriter writer)
    {
        writer.Write("configuration", _configuration);
        writer.Write("status", _status);
        writer.Write("counter", _counter);
        writer.Write("start", _startNanoseconds);
        for (int i = 0; i < TimerCount; i++)
        {
            _timers[i].Save(writer, $"{i}.");
            writer.Write($"{i}.due", _clockTimers[i].IsArmed ? _clockTimers[i].DeadlineNanoseconds : MachineClock.Never);
            writer.Write($"{i}.wire", _wires[i].AssertedInput);
        }

        for (int i = 0; i < 2; i++)
        {
            writer.Write($"legacy{i}", _legacyLevels[i]);
            writer.Write($"legacy{i}.wire", _legacyWires[i].AssertedInput);
        }
    }

    /// <inheritdoc/>
    public void Restore(SnapshotReader reader)
    {
        _configuration = reader.ReadUInt64("configuration");
        _status = reader.ReadUInt64("status");
        _counter = reader.ReadUInt64("counter");
        _startNanoseconds = reader.ReadInt64("start");
        for (int i = 0; i < TimerCount; i++)
        {
            _timers[i].Restore(reader, $"{i}.");
            ArmAt(i, reader.ReadInt64($"{i}.due"));
            _wires[i].Restore(reader.ReadInt32($"{i}.wire"));
        }

        for (int i = 0; i < 2; i++)
        {
            _legacyLevels[i] = reader.ReadBoolean($"legacy{i}");
            _legacyWires[i].Restore(reader.ReadInt32($"legacy{i}.wire"));
        }
    }

    private ulong ReadRegister(int offset)
    {
        switch (offset)
        {
            case 0x00:
                return Identification;
            case 0x10:
                return _configuration;
            case 0x20:
                return _status;
            case 0xf0:
                return Counter;
        }

        int index = (offset - 0x100) / 0x20;
        if (offset < 0x100 || index >= TimerCount)
        {
            return 0;
        }

        HpetTimer timer = _timers[index];
        return (offset & 0x1f) switch
        {
            0x00 => timer.Configuration,
            0x08 => timer.Comparator & timer.ValueMask,
            _ => 0,
        };
    }

    private void WriteRegister(int offset, ulong value, ulong mask)
    {
        switch (offset)
        {
            case 0x10:
                WriteConfiguration(((_configuration & ~mask) | value) & (Enable | LegacyReplacement));
                return;
            case 0x20:
                _status &= ~value;
                for (int i = 0; i < TimerCount; i++)
                {
                    UpdateWire(i);
                }

                return;
            case 0xf0 when !IsEnabled:
                _counter = (_counter & ~mask) | value;
                foreach (HpetTimer changed in _timers)
                {
                    changed.Matched = false;
                }

                return;
        }

        int index = (offset - 0x100) / 0x20;
        if (offset < 0x100 || index >= TimerCount)
        {
            return;
        }

        HpetTimer timer = _timers[index];
        switch (offset & 0x1f)
        {
            case 0x00:
                ulong written = ((timer.Configuration & ~mask) | value) & TimerWritable;
                timer.Configuration = TimerCapabilities | written;
                if (timer.IsNarrow)
                {
                    timer.Comparator &= uint.MaxValue;
                    timer.Period &= uint.MaxValue;
                }

                Schedule(index);
                UpdateWire(index);
                break;
            case 0x08:
                WriteComparator(timer, value, mask);
                Schedule(index);
                break;
        }
    }

    private void WriteConfiguration(ulong value)
    {
        ulong changed = value ^ _configuration;
        ulong counter = Counter;
        _configuration = value;
        if ((changed & Enable) != 0)
        {
            _counter = counter;
            _startNanoseconds = _clock.NowNanoseconds;
        }

        if ((changed & LegacyReplacement) != 0)
        {
            UpdateLegacyInputs();
            ReplacedTimerChanged?.Invoke();
        }

        for (int i = 0; i < TimerCount; i++)
        {
            Schedule(i);
            UpdateWire(i);
        }
    }

    // A periodic comparator's writes set its period; with VAL_SET they set the comparator itself as well (2.3.9.2.2).
    private static void WriteComparator(HpetTimer timer, ulong value, ulong mask)
    {
        if (!timer.IsPeriodic || (timer.Configuration & HpetTimer.ValueSet) != 0)
        {
            timer.Comparator = ((timer.Comparator & ~mask) | value) & timer.ValueMask;
            timer.Matched = false;
        }

        if (timer.IsPeriodic)
        {
            timer.Period = ((timer.Period & ~mask) | value) & timer.ValueMask;
        }

        // A 64-bit value written in halves keeps VAL_SET until the upper half has come.
        if (timer.IsNarrow || (mask & 0xffff_ffff_0000_0000) != 0)
        {
            timer.Configuration &= ~HpetTimer.ValueSet;
        }
    }

    // Arms the clock for the next match of a comparator.
    private void Schedule(int index) => Schedule(index, Counter);

    // Everything follows from one look at the counter: time may pass (real-time mode) before a second one.
    private void Schedule(int index, ulong counter)
    {
        HpetTimer timer = _timers[index];
        if (!IsEnabled || (timer.Configuration & HpetTimer.InterruptEnable) == 0)
        {
            _clockTimers[index].Cancel();
            return;
        }

        ulong ticks = (timer.Comparator - counter) & timer.ValueMask;
        if (ticks == 0 && timer.Matched)
        {
            ticks = timer.IsNarrow ? 1UL << 32 : ulong.MaxValue;
        }

        if (ticks > long.MaxValue / (2 * TickNanoseconds))
        {
            _clockTimers[index].Cancel();
            return;
        }

        _clockTimers[index].Arm(_startNanoseconds + ((long)(counter - _counter + ticks) * TickNanoseconds));
    }

    private void OnMatch(int index)
    {
        HpetTimer timer = _timers[index];
        timer.Matched = true;
        ulong counter = Counter;
        if (timer.IsPeriodic && timer.Period != 0)
        {
            // Periods that passed unseen are one interrupt.
            ulong late = (counter - timer.Comparator) & timer.ValueMask;
            timer.Comparator = (timer.Comparator + (((late / timer.Period) + 1) * timer.Period)) & timer.ValueMask;
            timer.Matched = false;
        }

        Raise(index);
        Schedule(index, counter);
    }

    private void Raise(int index)
    {
        if ((_timers[index].Configuration & HpetTimer.Level) != 0)
        {
            _status |= 1UL << index;
            UpdateWire(index);
        }
        else
        {
            // The line falls just before its next edge, so that controllers which sample the level see it too.
            int input = InputOf(index);
            _wires[index].Set(input, false);
            _wires[index].Set(input, true);
        }
    }

    // Where a comparator's interrupt goes, or Nowhere.
    private int InputOf(int index)
    {
        if (IsLegacy && index < 2)
        {
            return index == 0 ? 0 : 8;
        }

        int route = (int)((_timers[index].Configuration >> 9) & 31);
        return ((RouteCapabilities >> route) & 1) != 0 ? route : RoutedIrq.Nowhere;
    }

    // Level-triggered wires follow their status bit; any wire is released when its comparator may not interrupt.
    private void UpdateWire(int index)
    {
        HpetTimer timer = _timers[index];
        bool mayInterrupt = IsEnabled && (timer.Configuration & HpetTimer.InterruptEnable) != 0;
        int input = InputOf(index);
        if ((timer.Configuration & HpetTimer.Level) != 0)
        {
            _wires[index].Set(input, mayInterrupt && (_status & (1UL << index)) != 0);
        }
        else if (!mayInterrupt || _wires[index].AssertedInput != input)
        {
            _wires[index].Set(input, false);
        }
    }

    private void SetLegacyInput(int input, bool asserted)
    {
        if ((uint)input < 2)
        {
            _legacyLevels[input] = asserted;
            UpdateLegacyInputs();
        }
    }

    private void UpdateLegacyInputs()
    {
        for (int i = 0; i < 2; i++)
        {
            _legacyWires[i].Set(i == 0 ? 0 : 8, _legacyLevels[i] && !IsLegacy);
        }
    }

    private void ArmAt(int index, long nanoseconds)
    {
        if (nanoseconds == MachineClock.Never)
        {
            _clockTimers[index].Cancel();
        }
        else
        {
            _clockTimers[index].Arm(nanoseconds);
        }
    }

    private sealed class LegacySink(EventTimers owner) : IIrqSink
    {
        public void SetIrq(int input, bool asserted) => owner.SetLegacyInput(input, asserted);
    }
}
