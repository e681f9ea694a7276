using System;
using System.Threading;
using Sosia.Core.Execution;
using Sosia.Core.Time;
using Sosia.Isa.X86;
using Sosia.Machines;

namespace Sosia.Control;

/// <content>
/// Running several processors in parallel: each has its own thread, and the thread that called Run looks after timers, input, requests and limits.
/// Whatever needs the whole machine (save, restore, reset, another way of running) stops all of them first.
/// </content>
public sealed partial class VirtualMachine
{
    // How often somebody's condition is looked at.
    private const long ConditionNanoseconds = 1_000_000;

    private CpuThread[] _threads = [];
    private Action? _turnsDeadline;
    private long _supervisedDeadline;

    private bool CanRunInParallel(long maxInstructions)
        => ((Machine.Options.CpuThreads && Machine.Cpus.Count > 1 && Engine.RunsCpusInParallel && Machine.Clock.Mode != ClockMode.Deterministic) || !Engine.CountsInstructions)
            && maxInstructions == long.MaxValue && !IsTraced();

    // What is traced is told in the order of turns.
    private bool IsTraced()
    {
        foreach (IVcpu vcpu in Machine.Cpus)
        {
            if (vcpu is X86Cpu { Trace: not null })
            {
                return true;
            }
        }

        return Machine.Memory.Trace is not null || Machine.Ports.Trace is not null;
    }

    // Null: go on.
    private RunResult? RunInParallel(ref LoopLimits limits)
    {
        RunResult? result;
        StartThreads();
        try
        {
            result = Supervise(ref limits);
        }
        finally
        {
            StopThreads();
        }

        foreach (CpuThread thread in _threads)
        {
            thread.Failure?.Throw();
        }

        // What the guest asked for comes before what happened to a processor on its way to stop.
        if (Machine.Request != MachineRequest.None && Obey() is { } wish)
        {
            return wish;
        }

        foreach (CpuThread thread in _threads)
        {
            if (thread.HasShutDown)
            {
                return ProcessorShutDown(thread.Cpu);
            }

            if (thread.HasDebugEvent)
            {
                result ??= new RunResult(StopReason.DebugEvent);
            }
        }

        return result;
    }

    private void StartThreads()
    {
        if (_threads.Length == 0)
        {
            _threads = new CpuThread[Machine.Cpus.Count];
            for (int i = 0; i < _threads.Length; i++)
            {
                _threads[i] = new CpuThread(Machine, Engine, Machine.Cpus[i], _wake.Set);
            }
        }

        _turnsDeadline = Machine.Clock.EarlierDeadline;
        Machine.Clock.EarlierDeadline = DeadlineMoved;
        Machine.Clock.IsShared = true;
        Machine.Ram.TellsAfterWrites = true;
        Machine.Memory.Threads.Start(Machine.Cpus);
        foreach (CpuThread thread in _threads)
        {
            thread.Start();
        }
    }

    private void StopThreads()
    {
        foreach (CpuThread thread in _threads)
        {
            thread.RequestStop();
        }

        foreach (CpuThread thread in _threads)
        {
            thread.Join();
        }

        Engine.LeaveMachine();
        Machine.Memory.Threads.Stop();
        Machine.Ram.TellsAfterWrites = false;
        Machine.Clock.IsShared = false;
        Machine.Clock.EarlierDeadline = _turnsDeadline;
        _turns.Next();
    }

    // On the thread that armed a timer, under the lock of the devices.
    private void DeadlineMoved()
    {
        if (Machine.Clock.NextDeadlineNanoseconds < _supervisedDeadline)
        {
            _wake.Set();
        }
    }

    // Null when a processor's thread has ended by itself.
    private RunResult? Supervise(ref LoopLimits limits)
    {
        MachineClock clock = Machine.Clock;
        while (true)
        {
            if (LookAround(ref limits) is { } result)
            {
                return result;
            }

            if (Array.Exists(_threads, static t => t.HasEnded))
            {
                return null;
            }

            long deadline = Volatile.Read(ref _supervisedDeadline);
            bool isIdle = Array.TrueForAll(_threads, static t => t.IsAsleep);
            if (isIdle && deadline == MachineClock.Never && !limits.MayWait)
            {
                return new RunResult(StopReason.Idle);
            }

            if (isIdle && deadline != MachineClock.Never && clock.Mode == ClockMode.Fast)
            {
                Jump(clock, deadline);
                if (!limits.MayWait || _idleNanoseconds <= RestlessNanoseconds)
                {
                    continue;
                }

                deadline = clock.NowNanoseconds + RestNanoseconds;
            }

            WaitFor(deadline, ref limits);
            if (isIdle && Array.TrueForAll(_threads, static t => t.IsAsleep))
            {
                clock.AcceptIdleTime();
            }
        }
    }

    // Everything that waits outside the processors.
    private RunResult? LookAround(ref LoopLimits limits)
    {
        using MachineLock.Holder held = Machine.Memory.Threads.Devices.Enter();
        if (_pauseRequested)
        {
            _pauseRequested = false;
            return new RunResult(StopReason.Paused);
        }

        foreach (SerialInbox inbox in _inboxes)
        {
            inbox.Drain();
        }

        RunPosted();
        Machine.Clock.RunExpired();
        if (_isWatched)
        {
            LookForWatchers();
        }

        if (limits.Condition is { } condition && condition())
        {
            return new RunResult(StopReason.ConditionMet);
        }

        Volatile.Write(ref _supervisedDeadline, Machine.Clock.NextDeadlineNanoseconds);
        return limits.IsTimeUp() ? new RunResult(StopReason.TimedOut) : null;
    }

    private void WaitFor(long deadline, ref LoopLimits limits)
    {
        long nanoseconds = deadline == MachineClock.Never ? long.MaxValue : Math.Max(0, deadline - Machine.Clock.NowNanoseconds);
        long left = limits.NanosecondsLeft();
        if (left >= 0)
        {
            nanoseconds = Math.Min(nanoseconds, left);
        }

        if (limits.Condition is not null || _isWatched)
        {
            nanoseconds = Math.Min(nanoseconds, ConditionNanoseconds);
        }

        if (nanoseconds != 0)
        {
            _wake.Wait(nanoseconds == long.MaxValue ? -1 : nanoseconds);
        }

        limits.CheckTimeNow();
    }
}
