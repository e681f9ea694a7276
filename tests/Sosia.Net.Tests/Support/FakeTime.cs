using System;
using System.Threading;

namespace Sosia.Net.Tests.Support;

/// <summary>Time in which timers expire when the test says so.</summary>
internal sealed class FakeTime : TimeProvider
{
    private readonly Timer _timer = new();

    /// <summary>Lets the timer expire, if it is set.</summary>
    public void Fire()
    {
        if (_timer.IsSet)
        {
            _timer.IsSet = false;
            _timer.Callback!(null);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _timer.Callback = callback;
        return _timer;
    }

    private sealed class Timer : ITimer
    {
        public TimerCallback? Callback { get; set; }

        public bool IsSet { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            IsSet = dueTime != Timeout.InfiniteTimeSpan;
            return true;
        }

        public void Dispose() => IsSet = false;

        public System.Threading.Tasks.ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
