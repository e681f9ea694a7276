using System;
using System.Collections.Generic;
using System.Threading;

namespace Sosia.Core.Time;

/// <summary>
/// The one clock of a machine: nanoseconds of guest time since power-on, and the timers that devices arm on it. All members are for
/// the machine's own thread (the one that runs the vCPU and services devices) or, with a thread per vCPU, for whoever holds the lock of the devices;
/// only the time may be read by any thread.
/// </summary>
public sealed class MachineClock
{
    /// <summary>In deterministic mode one retired instruction is 2^3 = 8 ns of guest time (125 million instructions a second).</summary>
    public const int DeterministicShift = 3;

    /// <summary>"No timer is armed."</summary>
    public const long Never = long.MaxValue;

    // A gap between two looks at the host's clock that is longer than this was not spent running the guest: the host gave the time to
    // somebody else. Guest time stands still then, or a guest that counts timer ticks against a delay loop would find its timer broken.
    private const long MaxGapNanoseconds = 1_000_000;

    private readonly List<ClockTimer> _armed = [];
    private readonly Lock _gate = new();
    private readonly TimeProvider _hostClock;
    private readonly long _nanosecondsPerTick;
    private long _lastRaw;
    private long _offset;
    private long _pausedAt = -1;
    private bool _isExpiring;
    private IInstructionCounter? _counter;

    /// <summary>Creates a stopped clock at time 0; <see cref="Resume"/> starts it.</summary>
    /// <param name="mode">How time advances.</param>
    /// <param name="hostClock">The host's clock; null for the system's.</param>
    public MachineClock(ClockMode mode, TimeProvider? hostClock = null)
    {
        Mode = mode;
        _hostClock = hostClock ?? TimeProvider.System;
        _nanosecondsPerTick = 1_000_000_000L / _hostClock.TimestampFrequency;
        _pausedAt = 0;
    }

    /// <summary>How time advances; fixed for the life of the machine.</summary>
    public ClockMode Mode { get; }

    /// <summary>Raised when the earliest deadline moves closer, so that the engine stops at the next instruction boundary.</summary>
    public Action? EarlierDeadline { get; set; }

    /// <summary>Guest nanoseconds since power-on.</summary>
    public long NowNanoseconds
    {
        get
        {
            if (!IsShared)
            {
                return Now();
            }

            lock (_gate)
            {
                return Now();
            }
        }
    }

    /// <summary>True while several threads read the time; changed only while one does.</summary>
    public bool IsShared { get; set; }

    /// <summary>The earliest armed deadline, or <see cref="Never"/>.</summary>
    public long NextDeadlineNanoseconds { get; private set; } = Never;

    /// <summary>
    /// True while the guest runs without anybody looking at the clock, as under the host's hypervisor: all time that passes is the guest's. Otherwise a long gap
    /// between two looks means that the host was busy elsewhere.
    /// </summary>
    public bool AcceptsGaps { get; set; }

    /// <summary>Attaches the source of deterministic time.</summary>
    public void AttachCounter(IInstructionCounter counter) => _counter = counter;

    /// <summary>Creates a disarmed timer.</summary>
    /// <param name="name">Shown in diagnostics; unique per machine.</param>
    /// <param name="expired">Called on the machine's thread, between instructions, once per expiry.</param>
    public ClockTimer CreateTimer(string name, Action expired) => new(this, name, expired);

    /// <summary>Lets time advance (realtime modes): called when the machine starts to run.</summary>
    public void Resume()
    {
        if (_pausedAt >= 0 && Mode != ClockMode.Deterministic)
        {
            long at = _pausedAt;
            _pausedAt = -1;
            AcceptIdleTime();
            _offset = at - _lastRaw;
        }
    }

    /// <summary>
    /// The machine has slept because its guest was idle: the time until now counts, however long it was. To be called after every sleep.
    /// </summary>
    public void AcceptIdleTime()
    {
        if (Mode != ClockMode.Deterministic)
        {
            lock (_gate)
            {
                _lastRaw = HostNanoseconds();
            }
        }
    }

    /// <summary>Stops time (realtime modes): called when the machine pauses.</summary>
    public void Pause()
    {
        if (_pausedAt < 0 && Mode != ClockMode.Deterministic)
        {
            _pausedAt = NowNanoseconds;
        }
    }

    /// <summary>Jumps ahead, as an idle machine does in the fast and deterministic modes.</summary>
    public void AdvanceTo(long nanoseconds)
    {
        lock (_gate)
        {
            long delta = nanoseconds - Now();
            if (delta > 0)
            {
                _offset += delta;
                if (_pausedAt >= 0)
                {
                    _pausedAt += delta;
                }
            }
        }
    }

    /// <summary>Sets the time of a restored snapshot.</summary>
    public void Restore(long nanoseconds)
    {
        if (Mode == ClockMode.Deterministic)
        {
            _offset = nanoseconds - Raw();
        }
        else
        {
            _pausedAt = nanoseconds;
        }
    }

    /// <summary>
    /// Deterministic mode: how many more instructions may retire before the next deadline is reached (0 when it has been);
    /// <see cref="long.MaxValue"/> when none is armed.
    /// </summary>
    public long InstructionsToNextDeadline()
    {
        if (NextDeadlineNanoseconds == Never)
        {
            return long.MaxValue;
        }

        long delta = NextDeadlineNanoseconds - NowNanoseconds;
        return delta <= 0 ? 0 : (delta + (1 << DeterministicShift) - 1) >> DeterministicShift;
    }

    /// <summary>Expires every timer whose deadline has passed, earliest first. Timers may re-arm themselves.</summary>
    public void RunExpired()
    {
        long now = NowNanoseconds;
        _isExpiring = true;
        // Bounded, so that a timer which re-arms itself in the past cannot hold the machine for ever.
        for (int rounds = 0; NextDeadlineNanoseconds <= now && rounds < 1000; rounds++)
        {
            ClockTimer timer = Earliest()!;
            Cancel(timer);
            timer.Expired();
        }

        _isExpiring = false;
    }

    internal void Arm(ClockTimer timer, long deadlineNanoseconds)
    {
        if (!timer.IsArmed)
        {
            timer.IsArmed = true;
            _armed.Add(timer);
        }

        bool wasEarliest = timer.DeadlineNanoseconds == NextDeadlineNanoseconds;
        timer.DeadlineNanoseconds = deadlineNanoseconds;
        if (deadlineNanoseconds < NextDeadlineNanoseconds)
        {
            NextDeadlineNanoseconds = deadlineNanoseconds;
            // Who lets timers expire looks at the deadline afterwards: being told of a timer that re-arms itself at once would keep the guest from ever advancing.
            if (!_isExpiring || IsShared)
            {
                EarlierDeadline?.Invoke();
            }
        }
        else if (wasEarliest)
        {
            NextDeadlineNanoseconds = Earliest()?.DeadlineNanoseconds ?? Never;
        }
    }

    internal void Cancel(ClockTimer timer)
    {
        if (timer.IsArmed)
        {
            timer.IsArmed = false;
            _armed.Remove(timer);
            NextDeadlineNanoseconds = Earliest()?.DeadlineNanoseconds ?? Never;
        }
    }

    // A machine has about a dozen timers: a scan beats a heap and keeps expiry order deterministic (deadline, then arming order).
    private ClockTimer? Earliest()
    {
        ClockTimer? earliest = null;
        foreach (ClockTimer timer in _armed)
        {
            if (earliest is null || timer.DeadlineNanoseconds < earliest.DeadlineNanoseconds)
            {
                earliest = timer;
            }
        }

        return earliest;
    }

    private long Now()
    {
        if (Mode != ClockMode.Deterministic && _pausedAt >= 0)
        {
            return _pausedAt;
        }

        // Reading the host's clock can move the offset.
        long raw = Raw();
        return raw + _offset;
    }

    private long Raw()
    {
        if (Mode == ClockMode.Deterministic)
        {
            return (_counter?.RetiredInstructions ?? 0) << DeterministicShift;
        }

        long now = HostNanoseconds();
        long gap = now - _lastRaw;
        if (gap > MaxGapNanoseconds && !AcceptsGaps)
        {
            _offset -= gap - MaxGapNanoseconds;
        }

        _lastRaw = now;
        return now;
    }

    private long HostNanoseconds() => _hostClock.GetTimestamp() * _nanosecondsPerTick;
}
