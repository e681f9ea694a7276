using System;
using System.Threading;

namespace Sosia.Display.Rfb;

/// <summary>Makes guessing passwords slow: after a few wrong ones nobody may try for a while, twice as long each time.</summary>
internal sealed class LoginGuard
{
    /// <summary>How many wrong passwords cost nothing.</summary>
    public const int FreeFailures = 3;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private int _failures;
    private DateTimeOffset _closedUntil;

    /// <summary>Creates a guard.</summary>
    /// <param name="time">The host's time.</param>
    public LoginGuard(TimeProvider time)
    {
        _time = time;
        _closedUntil = DateTimeOffset.MinValue;
    }

    /// <summary>True when a password may be tried now.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_gate)
            {
                return _time.GetUtcNow() >= _closedUntil;
            }
        }
    }

    /// <summary>A password was wrong.</summary>
    public void Failed()
    {
        lock (_gate)
        {
            _failures++;
            int excess = _failures - FreeFailures;
            if (excess >= 0)
            {
                double seconds = Math.Min(FirstPause.TotalSeconds * Math.Pow(2, Math.Min(excess, 10)), LongestPause.TotalSeconds);
                _closedUntil = _time.GetUtcNow() + TimeSpan.FromSeconds(seconds);
            }
        }
    }

    /// <summary>A password was right.</summary>
    public void Succeeded()
    {
        lock (_gate)
        {
            _failures = 0;
        }
    }
}
