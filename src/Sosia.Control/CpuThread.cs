using System;
using System.Runtime.ExceptionServices;
using System.Threading;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Core.Time;
using Sosia.Host.Linux.Threading;
using Sosia.Machines;

namespace Sosia.Control;

/// <summary>One processor's own thread while a machine runs its processors in parallel. An idle processor's thread sleeps until an event is posted.</summary>
internal sealed class CpuThread : IDisposable
{
    // How often the clock and requests are looked at: about every 0.1 ms.
    private const long Budget = 20_000;

    private readonly Machine _machine;
    private readonly IEngine _engine;
    private readonly Action _supervisor;
    private readonly WakeEvent _wake = new();
    private Thread? _thread;
    private volatile bool _mustStop;
    private int _isAsleep;
    private int _wasPosted;

    /// <summary>Creates the thread of a processor, not started.</summary>
    /// <param name="machine">The processor's machine.</param>
    /// <param name="engine">What runs it.</param>
    /// <param name="cpu">The processor.</param>
    /// <param name="supervisor">Wakes the thread that looks after all of these.</param>
    public CpuThread(Machine machine, IEngine engine, IVcpu cpu, Action supervisor)
    {
        _machine = machine;
        _engine = engine;
        Cpu = cpu;
        _supervisor = supervisor;
    }

    /// <summary>The processor.</summary>
    public IVcpu Cpu { get; }

    /// <summary>True while the processor waits for an interrupt and none has been posted.</summary>
    public bool IsAsleep => Volatile.Read(ref _isAsleep) != 0;

    /// <summary>True when it has come to an end by itself: for one of the reasons below, or for a request of the machine's.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>True after the processor has shut down (triple fault).</summary>
    public bool HasShutDown { get; private set; }

    /// <summary>True after a debugger's event.</summary>
    public bool HasDebugEvent { get; private set; }

    /// <summary>What it failed with; null for nothing.</summary>
    public ExceptionDispatchInfo? Failure { get; private set; }

    /// <summary>Begins to run the processor.</summary>
    public void Start()
    {
        _mustStop = false;
        HasEnded = HasShutDown = HasDebugEvent = false;
        Failure = null;
        _isAsleep = 0;
        Cpu.Posted = EventPosted;
        _thread = new Thread(Run) { IsBackground = true, Name = $"vCPU {Cpu.Index}" };
        _thread.Start();
    }

    /// <summary>Asks it to stop at the next instruction boundary.</summary>
    public void RequestStop()
    {
        _mustStop = true;
        Cpu.Kick();
    }

    /// <summary>Waits until it has stopped.</summary>
    public void Join()
    {
        _thread?.Join();
        _thread = null;
        Cpu.Posted = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();

    private void Run()
    {
        try
        {
            _machine.EnterCpu(Cpu);
            while (!_mustStop && _machine.Request == MachineRequest.None && RunPiece())
            {
            }
        }
#pragma warning disable CA1031 // It is thrown again on the thread that runs the machine.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Failure = ExceptionDispatchInfo.Capture(exception);
        }

        HasEnded = true;
        _supervisor();
    }

    // False when the processor cannot go on.
    private bool RunPiece()
    {
        VcpuThreads threads = _machine.Memory.Threads;
        // What is posted from here on is seen by the engine, or noted and seen the next time.
        Volatile.Write(ref _wasPosted, 0);
        threads.EnterGuest(Cpu.Index);
        ExitReason reason = _engine.Run(Cpu, new RunLimits(_engine.CountsInstructions ? Budget : RunLimits.Unlimited));
        threads.LeaveGuest();
        switch (reason)
        {
            case ExitReason.BudgetUsed:
            case ExitReason.Kicked:
                RunTimers();
                return true;
            case ExitReason.Halted:
                Sleep();
                return true;
            case ExitReason.Shutdown:
                HasShutDown = true;
                return false;
            case ExitReason.DebugEvent:
                HasDebugEvent = true;
                return false;
            default:
                throw new SosiaException($"The engine '{_engine.Name}' failed on this host; choose another --engine.", FailureKind.Host);
        }
    }

    // The supervisor does it too, but may have to wait for a host processor.
    private void RunTimers()
    {
        MachineClock clock = _machine.Clock;
        if (clock.NextDeadlineNanoseconds <= clock.NowNanoseconds)
        {
            using MachineLock.Holder held = _machine.Memory.Threads.Devices.Enter();
            clock.RunExpired();
        }
    }

    private void Sleep()
    {
        Interlocked.Exchange(ref _isAsleep, 1);
        if (Volatile.Read(ref _wasPosted) != 0 && Interlocked.Exchange(ref _isAsleep, 0) != 0)
        {
            return;
        }

        if (_machine.Clock.Mode == ClockMode.Fast)
        {
            // When all sleep, time jumps.
            _supervisor();
        }

        while (IsAsleep)
        {
            _wake.Wait(-1);
        }
    }

    private void EventPosted()
    {
        Interlocked.Exchange(ref _wasPosted, 1);
        if (Volatile.Read(ref _isAsleep) != 0 && Interlocked.Exchange(ref _isAsleep, 0) != 0)
        {
            _wake.Set();
        }
    }
}
