using System;

namespace Sosia.Core.Time;

/// <summary>A one-shot timer of the machine's clock; created by <see cref="MachineClock.CreateTimer"/>, re-armed by its owner.</summary>
public sealed class ClockTimer
{
    private readonly MachineClock _clock;

    internal ClockTimer(MachineClock clock, string name, Action expired)
    {
        _clock = clock;
        Name = name;
        Expired = expired;
    }

    /// <summary>The owner's name for it.</summary>
    public string Name { get; }

    /// <summary>True from <see cref="Arm"/> until it expires or <see cref="Cancel"/>.</summary>
    public bool IsArmed { get; internal set; }

    /// <summary>When it expires, in guest nanoseconds; meaningful while armed.</summary>
    public long DeadlineNanoseconds { get; internal set; }

    internal Action Expired { get; }

    /// <summary>Arms or re-arms it. A deadline in the past expires at the next instruction boundary.</summary>
    public void Arm(long deadlineNanoseconds) => _clock.Arm(this, deadlineNanoseconds);

    /// <summary>Disarms it.</summary>
    public void Cancel() => _clock.Cancel(this);
}
