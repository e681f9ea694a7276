using Sosia.Core.Time;

namespace Sosia.Devices.Common;

/// <summary>Converts exactly between guest nanoseconds and the ticks of a counter that started at guest time 0.</summary>
/// <param name="hertz">The counter's frequency, 1 to 1,000,000,000.</param>
internal readonly struct FrequencyScale(long hertz)
{
    private const long Second = 1_000_000_000;

    /// <summary>How many whole ticks have passed at a time.</summary>
    public long TicksAt(long nanoseconds)
    {
        (long seconds, long rest) = System.Math.DivRem(nanoseconds, Second);
        return (seconds * hertz) + (rest * hertz / Second);
    }

    /// <summary>The first nanosecond at which a number of ticks has passed; <see cref="MachineClock.Never"/> beyond the clock's range.</summary>
    public long NanosecondsAt(long ticks)
    {
        (long seconds, long rest) = System.Math.DivRem(ticks, hertz);
        return seconds >= MachineClock.Never / Second
            ? MachineClock.Never
            : (seconds * Second) + (((rest * Second) + hertz - 1) / hertz);
    }
}
