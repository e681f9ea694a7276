using System;
using System.Runtime.ExceptionServices;
using System.Threading;

namespace Sosia.Control;

/// <summary>A thread that waits for a condition while another one runs the machine and looks at the condition for it.</summary>
internal sealed class RunWatcher
{
    private readonly Func<bool> _condition;
    private readonly object _gate = new();
    private ExceptionDispatchInfo? _failure;
    private RunResult? _result;

    public RunWatcher(Func<bool> condition)
    {
        _condition = condition;
    }

    /// <summary>What the wait came to; null while it goes on.</summary>
    /// <exception cref="Exception">What the condition threw.</exception>
    public RunResult? Result
    {
        get
        {
            lock (_gate)
            {
                _failure?.Throw();
                return _result;
            }
        }
    }

    /// <summary>Waits for an end.</summary>
    /// <param name="timeout">How long at most; for ever when negative.</param>
    public void Wait(TimeSpan timeout)
    {
        long end = timeout < TimeSpan.Zero ? long.MaxValue : Environment.TickCount64 + (long)Math.Ceiling(timeout.TotalMilliseconds);
        lock (_gate)
        {
            long left;
            while (!HasEnded && (left = end - Environment.TickCount64) > 0)
            {
                Monitor.Wait(_gate, (int)Math.Min(left, int.MaxValue));
            }
        }
    }

    /// <summary>Ends the wait if the condition holds. On the machine's thread.</summary>
    public void Look()
    {
        lock (_gate)
        {
            if (HasEnded)
            {
                return;
            }

            try
            {
                if (_condition())
                {
                    _result = new RunResult(StopReason.ConditionMet);
                }
            }
            catch (Exception error)
            {
                // It is the waiting thread's mistake, not the machine's.
                _failure = ExceptionDispatchInfo.Capture(error);
            }

            if (HasEnded)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Ends the wait because the machine stops. On the machine's thread.</summary>
    /// <param name="result">Why it stops.</param>
    public void End(RunResult result)
    {
        Look();
        lock (_gate)
        {
            if (!HasEnded)
            {
                _result = result;
                Monitor.PulseAll(_gate);
            }
        }
    }

    private bool HasEnded => _result is not null || _failure is not null;
}
