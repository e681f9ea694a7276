using System;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;

namespace Sosia.Devices.Apic;

/// <summary>
/// The local APIC's timer (Intel SDM volume 3, 11.5.4): counts down at the 1 GHz bus clock divided by the divide configuration
/// register, once or periodically, or waits for a time stamp counter value.
/// </summary>
internal sealed class LocalApicTimer
{
    public const int ModeOneShot = 0;
    public const int ModePeriodic = 1;
    public const int ModeDeadline = 2;

    private readonly MachineClock _clock;
    private readonly Func<long> _timeStampOffset;
    private readonly Func<int>? _timeStampKilohertz;
    private readonly Action _expired;
    private readonly ClockTimer _timer;
    private int _mode;
    private uint _divideConfiguration;
    private uint _initialCount;
    private uint _startCount;           // what the counter held at _startNanoseconds
    private long _startNanoseconds;
    private bool _running;
    private ulong _deadline;            // in time stamp counter ticks, 0 when disarmed

    public LocalApicTimer(string name, MachineClock clock, Func<long> timeStampOffset, Func<int>? timeStampKilohertz, Action expired)
    {
        _clock = clock;
        _timeStampOffset = timeStampOffset;
        _timeStampKilohertz = timeStampKilohertz;
        _expired = expired;
        _timer = clock.CreateTimer(name, OnExpired);
    }

    /// <summary>Bits 18:17 of the timer's LVT entry.</summary>
    public int Mode
    {
        get => _mode;
        set
        {
            if (value == _mode)
            {
                return;
            }

            if ((value == ModeDeadline) != (_mode == ModeDeadline))
            {
                // Changing to or from deadline mode disarms the timer.
                Stop();
                _deadline = 0;
            }
            else
            {
                uint count = CurrentCount;
                _mode = value;
                StartFrom(count);
                return;
            }

            _mode = value;
        }
    }

    public uint DivideConfiguration
    {
        get => _divideConfiguration;
        set
        {
            uint count = CurrentCount;
            _divideConfiguration = value & 0xb;
            if (_running)
            {
                StartFrom(count);
            }
        }
    }

    public uint InitialCount
    {
        get => _initialCount;
        set
        {
            if (_mode != ModeDeadline)
            {
                _initialCount = value;
                StartFrom(value);
            }
        }
    }

    public uint CurrentCount
    {
        get
        {
            if (!_running)
            {
                return 0;
            }

            ulong ticks = (ulong)(_clock.NowNanoseconds - _startNanoseconds) >> DivideShift;
            if (ticks < _startCount)
            {
                return (uint)(_startCount - ticks);
            }

            return _mode == ModePeriodic && _initialCount != 0
                ? (uint)(_initialCount - ((ticks - _startCount) % _initialCount))
                : 0;
        }
    }

    /// <summary>IA32_TSC_DEADLINE.</summary>
    public ulong Deadline
    {
        get => _deadline;
        set
        {
            if (_mode == ModeDeadline)
            {
                _deadline = value;
                ArmDeadline();
            }
        }
    }

    /// <summary>The time stamp counter was written: the deadline lies elsewhere in guest time now.</summary>
    public void TimeStampOffsetChanged()
    {
        if (_deadline != 0)
        {
            ArmDeadline();
        }
    }

    public void Reset()
    {
        Stop();
        _mode = ModeOneShot;
        _divideConfiguration = 0;
        _initialCount = 0;
        _deadline = 0;
    }

    /// <summary>Another timer stands in for this one from now on.</summary>
    public void Suspend() => Stop();

    /// <summary>Goes on from another timer's state.</summary>
    public void Resume(int mode, uint divideConfiguration, uint initialCount, uint currentCount, ulong deadline)
    {
        Stop();
        _mode = Math.Min(mode, ModeDeadline);
        _divideConfiguration = divideConfiguration & 0xb;
        _initialCount = initialCount;
        _deadline = _mode == ModeDeadline ? deadline : 0;
        if (_mode == ModeDeadline)
        {
            ArmDeadline();
        }
        else
        {
            StartFrom(currentCount);
        }
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("timer.mode", _mode);
        writer.Write("timer.divide", _divideConfiguration);
        writer.Write("timer.initial", _initialCount);
        writer.Write("timer.start-count", _startCount);
        writer.Write("timer.start", _startNanoseconds);
        writer.Write("timer.running", _running);
        writer.Write("timer.deadline", _deadline);
        writer.Write("timer.due", _timer.IsArmed ? _timer.DeadlineNanoseconds : MachineClock.Never);
    }

    public void Restore(SnapshotReader reader)
    {
        _mode = reader.ReadInt32("timer.mode");
        _divideConfiguration = reader.ReadUInt32("timer.divide");
        _initialCount = reader.ReadUInt32("timer.initial");
        _startCount = reader.ReadUInt32("timer.start-count");
        _startNanoseconds = reader.ReadInt64("timer.start");
        _running = reader.ReadBoolean("timer.running");
        _deadline = reader.ReadUInt64("timer.deadline");
        ArmAt(reader.ReadInt64("timer.due"));
    }

    // Divide configuration bits 3, 1, 0: 000 divides by 2, … 110 by 128, 111 by 1.
    private int DivideShift
    {
        get
        {
            uint code = (_divideConfiguration & 3) | ((_divideConfiguration >> 1) & 4);
            return code == 7 ? 0 : (int)code + 1;
        }
    }

    private void Stop()
    {
        _running = false;
        _timer.Cancel();
    }

    private void StartFrom(uint count)
    {
        if (count == 0)
        {
            Stop();
            return;
        }

        _running = true;
        _startCount = count;
        _startNanoseconds = _clock.NowNanoseconds;
        ArmAt(_startNanoseconds + ((long)count << DivideShift));
    }

    private void ArmDeadline()
    {
        if (_deadline == 0)
        {
            _timer.Cancel();
            return;
        }

        // The deadline as a 128-bit difference: a guest may ask for any 64-bit counter value.
        long now = _clock.NowNanoseconds;
        const int NanosecondKilohertz = 1_000_000;
        int kilohertz = _timeStampKilohertz?.Invoke() ?? NanosecondKilohertz;
        ulong ticks = kilohertz == NanosecondKilohertz ? (ulong)now : (ulong)((UInt128)(ulong)now * (uint)kilohertz / NanosecondKilohertz);
        Int128 ticksLeft = (Int128)_deadline - unchecked(ticks + (ulong)_timeStampOffset());
        Int128 due = now + (kilohertz == NanosecondKilohertz ? ticksLeft : ticksLeft * NanosecondKilohertz / kilohertz);
        ArmAt(due >= MachineClock.Never ? MachineClock.Never : (long)Int128.Max(due, 0));
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

    private void OnExpired()
    {
        if (_mode == ModeDeadline)
        {
            _deadline = 0;
        }
        else if (_mode == ModePeriodic && _initialCount != 0)
        {
            // Periods that passed unseen are one interrupt, as the IRR has one bit per vector.
            long period = (long)_initialCount << DivideShift;
            long first = _startNanoseconds + ((long)_startCount << DivideShift);
            long now = Math.Max(_clock.NowNanoseconds, first);
            _startNanoseconds = first + ((now - first) / period * period);
            _startCount = _initialCount;
            ArmAt(_startNanoseconds + period);
        }
        else
        {
            _running = false;
        }

        _expired();
    }
}
