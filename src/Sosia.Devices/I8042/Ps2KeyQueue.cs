using System.Collections.Generic;
using Sosia.Core.Time;

namespace Sosia.Devices.I8042;

/// <summary>
/// Keys that wait to be pressed and released: a keyboard has room for sixteen bytes, and firmware for as many keys, but programs type whole lines at
/// once. What waits here is on the host's side: it is not part of the machine's state.
/// </summary>
internal sealed class Ps2KeyQueue
{
    private const int Capacity = 8192;

    // A person's fastest fingers.
    private const long IntervalNanoseconds = 8_000_000;

    private readonly MachineClock _clock;
    private readonly Ps2Keyboard _keyboard;
    private readonly ClockTimer _timer;
    private readonly Queue<(Ps2Key Key, bool IsDown)> _waiting = [];
    private long _earliest;

    /// <summary>Creates an empty queue for a keyboard.</summary>
    public Ps2KeyQueue(MachineClock clock, Ps2Keyboard keyboard)
    {
        _clock = clock;
        _keyboard = keyboard;
        _timer = clock.CreateTimer("keys", Next);
    }

    /// <summary>Adds a key, which is pressed or released at once if nothing waits.</summary>
    /// <returns>False when too many wait.</returns>
    public bool Add(Ps2Key key, bool isDown)
    {
        if (_waiting.Count >= Capacity)
        {
            return false;
        }

        _waiting.Enqueue((key, isDown));
        if (!_timer.IsArmed)
        {
            Next();
        }

        return true;
    }

    private void Next()
    {
        long now = _clock.NowNanoseconds;
        if (now >= _earliest && _keyboard.IsDrained && _waiting.TryDequeue(out (Ps2Key Key, bool IsDown) next))
        {
            _earliest = now + IntervalNanoseconds;
            _keyboard.SetKey(next.Key, next.IsDown);
        }

        if (_waiting.Count != 0)
        {
            _timer.Arm(now + IntervalNanoseconds);
        }
    }
}
