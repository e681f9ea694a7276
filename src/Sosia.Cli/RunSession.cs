using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using Sosia.Control;
using Sosia.Control.Sound;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Devices.Block;
using Sosia.Devices.Uart16550;
using Sosia.Display.Png;
using Sosia.Display.Rfb;
using Sosia.Display.Terminal;
using Sosia.Engines.Kvm;
using Sosia.Engines.Recompiler;
using Sosia.Host.Linux.Files;
using Sosia.Host.Linux.Terminal;
using Sosia.Images;
using Sosia.Machines;

namespace Sosia.Cli;

/// <summary>One run of a machine on this terminal, from its creation to the exit status.</summary>
internal sealed class RunSession : IDisposable
{
    private const int BrokenPipe = 32;
    private const int PipeSignal = 13;
    private const int MaxWaitingInput = 1 << 16;
    private const int MaxCrashReports = 3;

    // The texts may hold what the guest says, which must not fill the screen.
    private const int MaxReportedFaults = 64;

    private const string Help = """
        Ctrl-A X  leave (the machine is switched off)
        Ctrl-A H  this help
        Ctrl-A A  send Ctrl-A to the guest
        Ctrl-A B  send a break
        Ctrl-A C  monitor (not implemented yet)
        """;

    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    private const int RefreshMilliseconds = 20;
    private const int RefreshCount = 50;

    private readonly RunSettings _settings;
    private readonly List<IDisposable> _owned = [];
    private readonly HashSet<(string Device, BlockOperation Operation, BlockResult Result, string? Text)> _reportedFaults = [];
    private readonly Lock _gate = new();
    private readonly ManualResetEvent _left = new(false);
    private int _refreshesLeft;
    private SerialOutput? _standardOutput;
    private int _standardPort = -1;
    private RawTerminal? _terminal;
    private volatile TerminalDisplay? _terminalDisplay;
    private VirtualMachine? _vm;
    private int? _leaveStatus;
    private int _crashReports;

    public RunSession(RunSettings settings)
    {
        _settings = settings;
    }

    /// <summary>Runs the machine to its end.</summary>
    /// <returns>The exit status.</returns>
    public int Run()
    {
        List<ISerialBackend?> serial = ConnectSerial();
        var outputs = Own(new TranslationOutputs(_settings));
        RecompilerOptions recompiler = _settings.Recompiler with { Observer = outputs.Observer };
        SoundOptions? sound = _settings.Sound is { } wanted ? new SoundOptions(wanted.Devices, Own(new WavFile(wanted.WavFile, Say))) : null;
        MachineOptions options = _settings.Machine with { Serial = serial, DebugConsole = DebugConsole(), Sound = sound };
        VirtualMachine vm = Own(_settings.SwitchSeed is { } seed
            ? VirtualMachine.Create(options, SwitchingEngine.CreateOfAll(seed, recompiler))
            : VirtualMachine.Create(options, recompiler, _settings.Kvm));
        if (outputs.Observer is not null && vm.Engine is not (RecompilerEngine or SwitchingEngine))
        {
            throw new SosiaException($"The engine '{vm.Engine.Name}' makes no translations that --log or --perf-map could show; choose --engine recompiler.");
        }

        if (_settings.RestoreFile is { } saved)
        {
            SavedMachine.Restore(vm, saved);
        }

        TraceWriter? trace = _settings.Trace is null ? null : Own(new TraceWriter(_settings.Trace, vm));
        vm.ShutDown = (machine, cpu) =>
        {
            trace?.Flush();
            ReportShutDown(machine, cpu);
        };
        if (_settings.IsVerbose)
        {
            vm.Machine.Log.Output = new TerminalWriter(this);
        }

        if (vm.Engine is KvmEngine kvm)
        {
            foreach (string note in kvm.Notes)
            {
                Say(note);
            }

            if (_settings.IsVerbose)
            {
                Say($"Interrupt controllers in the kernel: {kvm.IrqChip.ToString().ToLowerInvariant()}.");
                Say(kvm.MissingFeatures.Count == 0 ? "This KVM has all that the processor model announces." : $"This KVM lacks of the processor model: {string.Join(", ", kvm.MissingFeatures)}.");
            }
        }

        if (vm.Machine is X86Machine x86)
        {
            x86.DiskFault = ReportDiskFault;
        }

        lock (_gate)
        {
            _vm = vm;
        }

        RegisterSignals();
        AppDomain.CurrentDomain.UnhandledException += (_, _) => RestoreTerminal();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => RestoreTerminal();
        ConnectDisplay(vm);
        if (_standardPort >= 0 || _terminalDisplay is not null)
        {
            _terminal = RawTerminal.TryEnter(HostDescriptor.StandardInput);
            _terminalDisplay?.Start();
            new Thread(ReadInput) { IsBackground = true, Name = "terminal input" }.Start();
        }

        RunResult result;
        try
        {
            result = _settings.Turns is { } turns ? RunInTurns(vm, turns) : RunToEnd(vm);
        }
        finally
        {
            Close();
        }

        if (_settings.Screenshot is { } picture && vm.Screen is { } screen)
        {
            PngFile.Write(picture, screen.Capture());
        }

        bool isSaved = SaveUnlessEnded(vm);
        int status = _leaveStatus ?? Report(result, isSaved);
        if (_settings.StatsFile is { } file)
        {
            StatsFile.Write(file, vm.GetStats());
        }

        return status;
    }

    // Each engine runs the machine for a while, then the next one goes on with it.
    private RunResult RunInTurns(VirtualMachine vm, IReadOnlyList<string> names)
    {
        IEngine[] engines = [vm.Engine, .. names.Skip(1).Select(name => EngineRegistry.Create(name, _settings.Recompiler, _settings.Kvm))];
        foreach (IEngine engine in engines)
        {
            vm.AddEngine(engine);
        }

        long end = _settings.Timeout is { } timeout ? Environment.TickCount64 + (long)timeout.TotalMilliseconds : long.MaxValue;
        for (int turn = 0; ; turn++)
        {
            vm.ChangeEngine(engines[turn % engines.Length]);
            long left = end - Environment.TickCount64;
            RunResult result = vm.Run(left < _settings.TurnTime.TotalMilliseconds ? TimeSpan.FromMilliseconds(Math.Max(0, left)) : _settings.TurnTime);
            if (!WaitsForHost(result, TimeSpan.FromMilliseconds(Math.Max(0, end - Environment.TickCount64)))
                && (result.Reason != StopReason.TimedOut || Environment.TickCount64 >= end))
            {
                return result;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
        _left.Dispose();
    }

    private void RestoreTerminal()
    {
        _terminalDisplay?.Leave();
        _terminal?.Dispose();
    }

    private static string Verb(BlockOperation operation) => operation.ToString().ToLowerInvariant();

    // While the host cannot do what a drive wants, the guest stands still, and from time to time it is tried again.
    private RunResult RunToEnd(VirtualMachine vm)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            TimeSpan left = _settings.Timeout is { } timeout ? timeout - Stopwatch.GetElapsedTime(start) : Timeout.InfiniteTimeSpan;
            if (_settings.Timeout is not null && left < TimeSpan.Zero)
            {
                left = TimeSpan.Zero;
            }

            RunResult result = vm.Run(left);
            if (!WaitsForHost(result, left))
            {
                return result;
            }
        }
    }

    // True when the machine stopped because the host failed, and goes on: after a while, but not after the end of the time that is left.
    private bool WaitsForHost(RunResult result, TimeSpan left)
    {
        if (result.Reason != StopReason.HostFailed || _leaveStatus is not null)
        {
            return false;
        }

        _left.WaitOne(_settings.Timeout is null || left > RetryInterval ? RetryInterval : left);
        return true;
    }

    // No more input and signals for the machine; its output is written; the terminal is as it was.
    private void Close()
    {
        lock (_gate)
        {
            _vm = null;
        }

        _standardOutput?.Dispose();
        _standardOutput = null;
        _terminalDisplay?.Dispose();
        _terminalDisplay = null;
        _terminal?.Dispose();
    }

    private void ConnectDisplay(VirtualMachine vm)
    {
        DisplaySettings display = _settings.Display;
        if (!display.IsShown && _settings.Screenshot is null)
        {
            return;
        }

        if (vm.Screen is not { } screen)
        {
            throw new SosiaException($"This machine has no screen to show; use --machine pc with --vga std, or leave {(display.IsShown ? "--display" : "--screenshot")} out.");
        }

        if (display.Vnc is { } options)
        {
            VncServer server = Own(new VncServer(options, screen, vm.Keyboard, vm.Pointer));
            Say($"The screen is shown by VNC at {server.EndPoint}.");
        }

        if (display.IsTerminal)
        {
            _terminalDisplay = new TerminalDisplay(screen, HostDescriptor.StandardOutput);
        }
    }

    private T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    private List<ISerialBackend?> ConnectSerial()
    {
        List<ISerialBackend?> serial = [];
        foreach (string text in _settings.Serial)
        {
            switch (text)
            {
                case "none":
                    serial.Add(null);
                    break;
                case "stdio":
                    _standardPort = serial.Count;
                    _standardOutput = new SerialOutput(HostDescriptor.StandardOutput, OutputFailed);
                    serial.Add(_standardOutput);
                    break;
                default:
                    serial.Add(Own(new SerialOutput(CreateFile(text["file:".Length..]), null)));
                    break;
            }
        }

        return serial;
    }

    // Firmware and test kernels write there; unasked it would only disturb the first serial port.
    private SerialOutput? DebugConsole() => _settings.IsVerbose ? Own(new SerialOutput(HostDescriptor.StandardError, null)) : null;

    private static HostDescriptor CreateFile(string path)
    {
        try
        {
            return HostDescriptor.CreateFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SosiaException($"The file '{path}' of --serial cannot be created ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }

    private void RegisterSignals()
    {
        foreach ((PosixSignal signal, int number) in (ReadOnlySpan<(PosixSignal, int)>)[(PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15)])
        {
            Own(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Leave(ExitStatus.OfSignal(number));
            }));
        }

        // The process stops as it would without us, but leaves a usable terminal behind.
        Own(PosixSignalRegistration.Create(PosixSignal.SIGTSTP, context =>
        {
            context.Cancel = true;
            _terminalDisplay?.Leave();
            _terminal?.Leave();
            HostProcess.Stop();
        }));
        var refresh = new Timer(self => RefreshTerminal((Timer)self!));
        Own(refresh);
        Own(PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => TakeTerminalAgain(refresh)));
    }

    // The runtime restores the settings that it knows when the process is continued, on a thread of its own and at no certain time after
    // this: for a second ours are put over its.
    private void TakeTerminalAgain(Timer refresh)
    {
        _terminal?.Enter();
        _terminalDisplay?.Enter();
        Volatile.Write(ref _refreshesLeft, RefreshCount);
        refresh.Change(RefreshMilliseconds, RefreshMilliseconds);
    }

    private void RefreshTerminal(Timer refresh)
    {
        _terminal?.Refresh();
        if (Interlocked.Decrement(ref _refreshesLeft) <= 0)
        {
            refresh.Change(Timeout.Infinite, Timeout.Infinite);
        }
    }

    private void Leave(int status)
    {
        lock (_gate)
        {
            _leaveStatus ??= status;
            _left.Set();
            _vm?.Pause();
        }
    }

    private void OutputFailed(int error)
    {
        if (error == BrokenPipe)
        {
            Leave(ExitStatus.OfSignal(PipeSignal));
            return;
        }

        Say($"Standard output cannot be written ({HostError.Describe(error)}); check where it goes.");
        Leave(ExitStatus.HostLacksSomething);
    }

    private void ReadInput()
    {
        var keys = new EscapeKeys();
        byte[] buffer = new byte[4096];
        int count;
        while ((count = HostDescriptor.StandardInput.Read(buffer)) > 0)
        {
            if (_terminal is null)
            {
                Send(buffer.AsSpan(0, count));
            }
            else
            {
                keys.Process(buffer.AsSpan(0, count), bytes => Send(bytes), Obey);
            }
        }
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        VirtualMachine? vm;
        if (_terminalDisplay is not null)
        {
            lock (_gate)
            {
                TerminalKeys.Read(bytes, keys => _vm?.Keyboard?.Tap(keys));
            }

            return;
        }

        lock (_gate)
        {
            vm = _vm;
        }

        // A pipe may bring more than the guest reads: then it has to wait, as at a real port with flow control.
        if (vm is null || !vm.WaitForSerialRoom(_standardPort, MaxWaitingInput))
        {
            return;
        }

        lock (_gate)
        {
            _vm?.SendSerial(_standardPort, bytes);
        }
    }

    private void Obey(char key)
    {
        switch (key)
        {
            case 'x':
                Leave(ExitStatus.Success);
                break;
            case 'b':
                lock (_gate)
                {
                    if (_standardPort >= 0)
                    {
                        _vm?.SendBreak(_standardPort);
                    }
                }

                break;
            case 'c':
                Say("The monitor is not implemented yet.");
                break;
            case 'h' or '?':
                Say(Help);
                break;
        }
    }

    private bool SaveUnlessEnded(VirtualMachine vm)
    {
        if (_settings.SaveFile is not { } file)
        {
            return false;
        }

        if (vm.End is not null)
        {
            Say($"The machine has ended; nothing is left to be saved to '{file}'.");
            return false;
        }

        SavedMachine.Save(vm, file);
        return true;
    }

    private int Report(RunResult result, bool isSaved)
    {
        switch (result.Reason)
        {
            case StopReason.TimedOut:
                Say($"The guest did not end within {_settings.TimeoutText}; it was {(isSaved ? $"saved to '{_settings.SaveFile}'" : "switched off")}.");
                break;
            case StopReason.Reset:
                Say("The guest reset the machine.");
                break;
            case StopReason.TripleFault:
                Say("The processor shut down after a triple fault.");
                break;
        }

        return result.ExitStatus;
    }

    // A full disk fails every request from then on, and every repetition: one message says it.
    private void ReportDiskFault(BlockFault fault)
    {
        if (_reportedFaults.Count >= MaxReportedFaults || !_reportedFaults.Add((fault.Device, fault.Operation, fault.Result, fault.Text)))
        {
            return;
        }

        string failure = fault.Text is not null
            ? $"{fault.Device}: {fault.Text.TrimEnd('.')}"
            : $"The host failed to {Verb(fault.Operation)} {fault.ByteCount} bytes at {fault.ByteOffset} of {fault.Device} ({fault.Result})";
        Say(fault.StopsMachine
            ? $"{failure}; the guest stands still until it succeeds{(fault.Result == BlockResult.NoSpace ? ": free some space on the host" : string.Empty)}. It is tried again every {RetryInterval.TotalSeconds} s."
            : fault.Text is not null ? failure + "."
            : $"{failure}; the guest sees a disk error. More of this kind are not reported.");
    }

    private void ReportShutDown(VirtualMachine vm, IVcpu cpu)
    {
        if (_crashReports++ < MaxCrashReports)
        {
            Say(CrashReport.Of(vm, cpu));
        }
    }

    // Messages for the person, not from the guest: on standard error, with the line ends that the terminal's present mode needs.
    private void Say(string text)
    {
        string lineEnd = _terminal is null ? "\n" : "\r\n";
        string lines = "sosia: " + text.ReplaceLineEndings(lineEnd + "sosia: ") + lineEnd;
        _terminalDisplay?.Interrupt();
        HostDescriptor.StandardError.Write(System.Text.Encoding.UTF8.GetBytes(_terminal is null ? lines : "\r\n" + lines));
    }

    private sealed class TerminalWriter(RunSession session) : StringWriter
    {
        public override void WriteLine(string? value) => session.Say(value ?? string.Empty);
    }
}
