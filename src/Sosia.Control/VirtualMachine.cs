using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Core.Time;
using Sosia.Devices.Uart16550;
using Sosia.Engines.Kvm;
using Sosia.Engines.Recompiler;
using Sosia.Host.Linux.Threading;
using Sosia.Machines;

namespace Sosia.Control;

/// <summary>
/// A machine together with the engine that runs it: the library's front door. It is run by the thread that calls one of the Run methods
/// (or waits on <see cref="Console"/>); everything documented as callable from any thread may be called meanwhile, all else only while it
/// does not run.
/// </summary>
/// <example>
/// <code>
/// using var vm = VirtualMachine.Create(new MachineOptions { Kernel = "bzImage", Append = "console=ttyS0" });
/// vm.Console.Expect("login: ");
/// vm.Console.Send("root\n");
/// </code>
/// </example>
public sealed partial class VirtualMachine : IDisposable
{
    // How often input, requests and the host's clock are looked at: about every 0.1 ms.
    private const long MaxBudget = 20_000;

    // How often a wall-clock limit is looked at, in turns of the loop.
    private const int TurnsPerTimeCheck = 64;

    // With the fast clock a guest that waits for input jumps from timer to timer. After this much guest time without more work than
    // timers make, each jump costs a rest, so that it does not keep a host's processor busy.
    private const long RestlessNanoseconds = 10_000_000_000;
    private const long RestNanoseconds = 1_000_000;
    private const long WorkInstructions = 1_000_000;

    private readonly List<SerialInbox> _inboxes = [];
    private readonly List<IEngine> _engines = [];
    private readonly WakeEvent _wake = new();
    private readonly Lock _running = new();
    private readonly Lock _watching = new();
    private readonly List<RunWatcher> _watchers = [];
    private readonly Stopwatch _wall = new();
    private readonly CpuTurns _turns;
    private volatile bool _pauseRequested;
    private volatile bool _isRunning;
    private volatile bool _isWatched;
    private RunResult? _end;
    private long _idleNanoseconds;
    private long _idleRetired;
    private bool _disposed;

    private VirtualMachine(Machine machine, IEngine engine, GuestConsole console)
    {
        Machine = machine;
        Engine = engine;
        _engines.Add(engine);
        Console = console;
        console.Machine = this;
        _turns = machine.Turns;
        ConnectDisplay();
        ConnectNetwork();
        foreach (SerialPort port in machine.SerialPorts)
        {
            _inboxes.Add(new SerialInbox(port));
        }
    }

    /// <summary>The machine.</summary>
    public Machine Machine { get; }

    /// <summary>What runs its processors.</summary>
    public IEngine Engine { get; private set; }

    /// <summary>The terminal at its first serial port.</summary>
    public GuestConsole Console { get; }

    /// <summary>True while some thread runs it.</summary>
    public bool IsRunning => _isRunning;

    /// <summary>How it ended; null while it can be run on.</summary>
    public RunResult? End => _end;

    /// <summary>How often the guest has restarted the machine.</summary>
    public int ResetCount { get; private set; }

    /// <summary>Called, on the machine's thread and before anything is reset, when a processor shuts down: for a report of its state.</summary>
    public Action<VirtualMachine, IVcpu>? ShutDown { get; set; }

    /// <summary>Builds a machine, switches it on and loads its kernel; the guest's first instruction is the next to be executed.</summary>
    /// <exception cref="SosiaException">The options ask for something unknown or impossible, or a file cannot be used.</exception>
    /// <param name="options">The machine, and its engine's name.</param>
    /// <param name="recompiler">What is to be other than usual if the engine is the recompiler; null for nothing.</param>
    /// <param name="kvm">What is to be other than usual if the engine is KVM; null for nothing.</param>
    public static VirtualMachine Create(MachineOptions options, RecompilerOptions? recompiler = null, KvmOptions? kvm = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        string engine = options.Engine == EngineRegistry.Auto ? EngineRegistry.ChooseAuto(options.ClockMode == ClockMode.Deterministic) : options.Engine;
        return Create(options, EngineRegistry.Create(engine, recompiler, kvm));
    }

    /// <summary>Builds a machine for an engine that exists; <see cref="MachineOptions.Engine"/> is not looked at.</summary>
    /// <param name="options">The machine.</param>
    /// <param name="engine">What runs it; disposed of with the machine, and when the machine cannot be built.</param>
    /// <exception cref="SosiaException">The options ask for something unknown or impossible, or a file cannot be used.</exception>
    public static VirtualMachine Create(MachineOptions options, IEngine engine)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(engine);
        var console = new GuestConsole((options.Serial.Count > 0 ? options.Serial[0] : null) ?? NullSerialBackend.Instance);
        List<ISerialBackend?> serial = [.. options.Serial];
        if (serial.Count == 0)
        {
            serial.Add(null);
        }

        serial[0] = console;
        Machine? machine = null;
        try
        {
            machine = MachineRegistry.Create(options with { Serial = serial });
            machine.PowerOn();
            machine.Clock.AcceptsGaps = !engine.CountsInstructions;
            engine.Attach(machine);
            return new VirtualMachine(machine, engine, console);
        }
        catch
        {
            machine?.Dispose();
            engine.Dispose();
            throw;
        }
    }

    /// <summary>Runs until the machine ends or <see cref="Pause"/> is called. An idle guest sleeps, and wakes for timers and input.</summary>
    public RunResult Run() => RunLoop(long.MaxValue, null, Timeout.InfiniteTimeSpan, mayWait: true);

    /// <summary>Runs at most this long.</summary>
    /// <param name="timeout">How much host time it gets.</param>
    public RunResult Run(TimeSpan timeout) => RunLoop(long.MaxValue, null, timeout, mayWait: true);

    /// <summary>Retires exactly this many instructions, unless it stops before.</summary>
    /// <param name="instructionCount">How many; at least 1.</param>
    public RunResult Step(long instructionCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(instructionCount, 1);
        return RunLoop(instructionCount, null, Timeout.InfiniteTimeSpan, mayWait: false);
    }

    /// <summary>
    /// Runs until a condition holds. It is looked at before the first instruction and then every few thousand instructions. If another
    /// thread runs the machine already, this one only waits.
    /// </summary>
    /// <param name="condition">What to wait for; called on the thread that runs the machine. Only the machine should make it true: nobody looks while the guest is idle.</param>
    /// <param name="timeout">How much host time to give it.</param>
    public RunResult RunUntil(Func<bool> condition, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var watcher = new RunWatcher(condition);
        if (!TryWatch(watcher))
        {
            return RunLoop(long.MaxValue, condition, timeout, mayWait: false);
        }

        watcher.Wait(timeout);
        lock (_watching)
        {
            _watchers.Remove(watcher);
            _isWatched = _watchers.Count != 0;
        }

        return watcher.Result ?? new RunResult(StopReason.TimedOut);
    }

    /// <summary>Tells an engine that it will run the machine in turns with others, so that the guest never sees what one of them cannot do. Best before the first instruction.</summary>
    /// <param name="engine">Disposed of with the machine.</param>
    /// <exception cref="SosiaException">The engine cannot run this machine.</exception>
    public void AddEngine(IEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_engines.Contains(engine))
            {
                engine.Attach(Machine);
                _engines.Add(engine);
            }
        }
    }

    /// <summary>Another technique goes on with the machine, from the instruction at which it stands. Not while it runs.</summary>
    /// <param name="engine">What runs it from now on; disposed of with the machine. One that ran it before can be given again.</param>
    /// <exception cref="SosiaException">The engine cannot run this machine.</exception>
    public void ChangeEngine(IEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            AddEngine(engine);
            Machine.Clock.AcceptsGaps = !engine.CountsInstructions;
            Engine = engine;
            // The threads of processors belong to the engine that they run.
            foreach (CpuThread thread in _threads)
            {
                thread.Dispose();
            }

            _threads = [];
        }
    }

    /// <summary>Makes the running thread return; if none runs it, the next Run returns at once. Callable from any thread.</summary>
    public void Pause()
    {
        _pauseRequested = true;
        Wake();
    }

    /// <summary>Sends bytes to a serial port. Callable from any thread; the guest gets them as fast as it reads.</summary>
    /// <param name="port">Which port, from 0.</param>
    /// <param name="bytes">What to send.</param>
    public void SendSerial(int port, ReadOnlySpan<byte> bytes)
    {
        _inboxes[port].Add(bytes);
        Wake();
    }

    /// <summary>
    /// Waits until fewer than this many of the bytes that were sent to a serial port are left for which the guest has not had room. Callable
    /// from any thread but the machine's.
    /// </summary>
    /// <param name="port">Which port, from 0.</param>
    /// <param name="byteCount">At least 1.</param>
    /// <returns>False when the machine was disposed of.</returns>
    public bool WaitForSerialRoom(int port, int byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(byteCount, 1);
        return _inboxes[port].WaitForRoom(byteCount);
    }

    /// <summary>Sends a break to a serial port, after the bytes that wait. Callable from any thread.</summary>
    /// <param name="port">Which port, from 0.</param>
    public void SendBreak(int port)
    {
        _inboxes[port].AddBreak();
        Wake();
    }

    /// <summary>How the machine has fared so far.</summary>
    public MachineStats GetStats() => MachineStats.Of(this, _wall.Elapsed);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Screen?.Close();
        Pause();
        // Waits for the thread that runs it.
        lock (_running)
        {
            foreach (IEngine engine in _engines)
            {
                engine.Dispose();
            }

            Machine.Dispose();
            _wake.Dispose();
            foreach (CpuThread thread in _threads)
            {
                thread.Dispose();
            }
        }

        foreach (SerialInbox inbox in _inboxes)
        {
            inbox.Close();
        }
    }

    private void Wake()
    {
        _turns.Current.Kick();
        _wake.Set();
    }

    private RunResult RunLoop(long maxInstructions, Func<bool>? condition, TimeSpan timeout, bool mayWait)
    {
        lock (_running)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_end is { } end)
            {
                return condition is not null && condition() ? new RunResult(StopReason.ConditionMet) : end;
            }

            _isRunning = true;
            _wall.Start();
            Machine.Clock.Resume();
            try
            {
                var limits = new LoopLimits(maxInstructions, condition, timeout, mayWait, Machine.RetiredInstructions);
                RunResult? result;
                do
                {
                    result = CanRunInParallel(maxInstructions) ? RunInParallel(ref limits) : Turn(ref limits);
                }
                while (result is null);

                if (result.Value.HasEnded)
                {
                    _end = result;
                }

                return result.Value;
            }
            finally
            {
                Engine.LeaveMachine();
                Machine.Clock.Pause();
                _wall.Stop();
                EndWatches();
                RunPosted();
            }
        }
    }

    // False when nobody runs the machine.
    private bool TryWatch(RunWatcher watcher)
    {
        lock (_watching)
        {
            if (!_isRunning)
            {
                return false;
            }

            _watchers.Add(watcher);
            _isWatched = true;
            // Its condition may hold already, and an idle guest does nothing to make it looked at.
            Wake();
            return true;
        }
    }

    private void LookForWatchers()
    {
        lock (_watching)
        {
            foreach (RunWatcher watcher in _watchers)
            {
                watcher.Look();
            }
        }
    }

    // This run's limits are not the watchers': to them it has paused, unless the machine has ended.
    private void EndWatches()
    {
        RunResult result = _end ?? new RunResult(StopReason.Paused);
        lock (_watching)
        {
            _isRunning = false;
            foreach (RunWatcher watcher in _watchers)
            {
                watcher.End(result);
            }
        }
    }

    // One turn: everything that waits outside the processor, then a piece of guest code. Null: go on.
    private RunResult? Turn(ref LoopLimits limits)
    {
        if (Machine.Request != MachineRequest.None && Obey() is { } end)
        {
            return end;
        }

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
        MachineClock clock = Machine.Clock;
        clock.RunExpired();
        if (_isWatched)
        {
            LookForWatchers();
        }

        if (limits.Condition is { } condition && condition())
        {
            return new RunResult(StopReason.ConditionMet);
        }

        if (limits.IsTimeUp())
        {
            return new RunResult(StopReason.TimedOut);
        }

        long left = limits.InstructionEnd - Machine.RetiredInstructions;
        if (left <= 0)
        {
            return new RunResult(StopReason.BudgetUsed);
        }

        long budget = Math.Min(Math.Min(MaxBudget, left), _turns.InstructionsLeft);
        if (clock.Mode == ClockMode.Deterministic)
        {
            budget = Math.Clamp(clock.InstructionsToNextDeadline(), 1, budget);
        }

        IVcpu cpu = _turns.Current;
        Machine.EnterCpu(cpu);
        long before = cpu.RetiredInstructions;
        ExitReason reason = Engine.Run(cpu, new RunLimits(budget));
        long retired = cpu.RetiredInstructions - before;
        switch (reason)
        {
            case ExitReason.BudgetUsed when retired == 0:
                // Nothing but faults: the others must not wait for its end.
                _turns.Next();
                return null;
            case ExitReason.BudgetUsed:
            case ExitReason.Kicked:
                _turns.Ran(retired);
                return null;
            case ExitReason.Halted:
                return _turns.Halted(retired) && Machine.Request == MachineRequest.None ? Idle(ref limits) : null;
            case ExitReason.Shutdown:
                return ProcessorShutDown(cpu);
            case ExitReason.DebugEvent:
                return new RunResult(StopReason.DebugEvent);
            default:
                throw new SosiaException($"The engine '{Engine.Name}' failed on this host; choose another --engine.", FailureKind.Host);
        }
    }

    // The processor waits for an interrupt: time passes, by sleeping or by jumping.
    private RunResult? Idle(ref LoopLimits limits)
    {
        MachineClock clock = Machine.Clock;
        long deadline = clock.NextDeadlineNanoseconds;
        if (deadline == MachineClock.Never)
        {
            if (!limits.MayWait)
            {
                return new RunResult(StopReason.Idle);
            }

            _wake.Wait(limits.NanosecondsLeft());
            clock.AcceptIdleTime();
            limits.CheckTimeNow();
        }
        else if (clock.Mode != ClockMode.RealTime)
        {
            Jump(clock, deadline);
            if (limits.MayWait && clock.Mode == ClockMode.Fast && _idleNanoseconds > RestlessNanoseconds)
            {
                _wake.Wait(RestNanoseconds);
                clock.AcceptIdleTime();
                limits.CheckTimeNow();
            }
        }
        else
        {
            long nanoseconds = deadline - clock.NowNanoseconds;
            if (nanoseconds > 0)
            {
                long left = limits.NanosecondsLeft();
                _wake.Wait(left >= 0 && left < nanoseconds ? left : nanoseconds);
                clock.AcceptIdleTime();
                limits.CheckTimeNow();
            }
        }

        return null;
    }

    // Jumps ahead, and counts for how much guest time nothing but timers has happened.
    private void Jump(MachineClock clock, long deadline)
    {
        if (Machine.RetiredInstructions - _idleRetired > WorkInstructions)
        {
            _idleNanoseconds = 0;
        }

        _idleRetired = Machine.RetiredInstructions;
        _idleNanoseconds += Math.Max(0, deadline - clock.NowNanoseconds);
        clock.AdvanceTo(deadline);
    }

    private RunResult? Obey()
    {
        switch (Machine.TakeRequest())
        {
            case MachineRequest.PowerOff:
                return new RunResult(StopReason.PoweredOff);
            case MachineRequest.Exit:
                return new RunResult(StopReason.DebugExit, Machine.ExitStatus);
            case MachineRequest.Reset:
                return Machine.Options.NoReboot ? new RunResult(StopReason.Reset) : Restart();
            case MachineRequest.ResetProcessors:
                return TryResetProcessors() ? null : Machine.Options.NoReboot ? new RunResult(StopReason.Reset) : Restart();
            case MachineRequest.Stop:
                return new RunResult(StopReason.HostFailed);
            default:
                return null;
        }
    }

    private RunResult? ProcessorShutDown(IVcpu cpu)
    {
        // Chipsets answer a processor's shutdown with its INIT (82371SB data sheet, 2.2.9), and some software comes back from protected mode so.
        if (TryResetProcessors())
        {
            return null;
        }

        ShutDown?.Invoke(this, cpu);
        return Machine.Options.NoReboot ? new RunResult(StopReason.TripleFault) : Restart();
    }

    // The engine must not go on with what it knows of the processors.
    private bool TryResetProcessors()
    {
        Engine.LeaveMachine();
        return Machine.TryResetProcessors();
    }

    private RunResult? Restart()
    {
        ResetCount++;
        Machine.PowerOn();
        return null;
    }

    // The bounds of one call, and a look at the host's clock that is not taken at every turn.
    private struct LoopLimits
    {
        private readonly long _wallEnd;
        private int _turns;

        public LoopLimits(long maxInstructions, Func<bool>? condition, TimeSpan timeout, bool mayWait, long retired)
        {
            InstructionEnd = maxInstructions > long.MaxValue - retired ? long.MaxValue : retired + maxInstructions;
            Condition = condition;
            MayWait = mayWait;
            _wallEnd = timeout < TimeSpan.Zero ? long.MaxValue : Stopwatch.GetTimestamp() + (long)(timeout.TotalSeconds * Stopwatch.Frequency);
            _turns = TurnsPerTimeCheck;
        }

        public long InstructionEnd { get; }

        public Func<bool>? Condition { get; }

        public bool MayWait { get; }

        public bool IsTimeUp()
        {
            if (_wallEnd == long.MaxValue || --_turns > 0)
            {
                return false;
            }

            _turns = TurnsPerTimeCheck;
            return Stopwatch.GetTimestamp() >= _wallEnd;
        }

        // After a sleep, or when time may have passed: the next turn looks.
        public void CheckTimeNow() => _turns = 0;

        public readonly long NanosecondsLeft()
            => _wallEnd == long.MaxValue ? -1 : Math.Max(0, (long)((_wallEnd - Stopwatch.GetTimestamp()) * (1e9 / Stopwatch.Frequency)));
    }
}
