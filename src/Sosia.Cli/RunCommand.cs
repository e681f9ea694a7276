using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Sosia.Control;
using Sosia.Core;
using Sosia.Core.Time;
using Sosia.Devices.Sound;
using Sosia.Display.Rfb;
using Sosia.Engines.Kvm;
using Sosia.Engines.Recompiler;
using Sosia.Machines;
using Sosia.Net;

namespace Sosia.Cli;

/// <summary><c>sosia run</c>: from arguments to settings. <see cref="RunSession"/> does the rest.</summary>
internal sealed class RunCommand
{
    private readonly MachineArguments _machine = new();
    private readonly Option<string?> _engine = MachineArguments.Text("--engine", "NAME", "The technique that runs it: auto, or one that './sosia engines' lists; several with commas take turns");
    private readonly Option<string?> _switchEvery = MachineArguments.Text("--switch-every", "TIME", "How long each turn of several --engine is, such as 500ms [1s]");
    private readonly Option<string[]> _nets = MachineArguments.Many("--net", "SPEC", "A network card: user|socket|tap|none[,model=virtio|e1000|ne2k_pci|ne2k_isa][,mac=MAC][,pcap=FILE] and more; may be repeated");
    private readonly Option<string[]> _serial = MachineArguments.Many("--serial", "stdio|file:F|none", "What is connected to the serial port; a second one is for the second port [stdio]");
    private readonly Option<string?> _display = MachineArguments.Text("--display", "WHERE", $"Where the machine's screen is shown: none, terminal, or {VncOptions.Form} [none]");
    private readonly Option<string?> _screenshot = MachineArguments.Text("--screenshot", "FILE", "Write the screen as a PNG file when the run ends");
    private readonly Option<string?> _save = MachineArguments.Text("--save", "FILE", "When the run ends before the machine does (--timeout, a signal, Ctrl-A X), save its state there; not the contents of disks");
    private readonly Option<string?> _restore = MachineArguments.Text("--restore", "FILE", "Go on with a state that --save wrote, under any engine; the machine's options must be those of that run");
    private readonly Option<string?> _sound = MachineArguments.Text("--sound", SoundSettings.Form, "Sound devices of the machine pc, and the WAV file that one hears them in; it must not exist [none]");
    private readonly Option<bool> _noReboot = new("--no-reboot") { Description = "End with status 3 instead of restarting when the guest resets the machine" };
    private readonly Option<string?> _timeout = MachineArguments.Text("--timeout", "TIME", "End with status 124 after this much time, such as 90s or 5m");
    private readonly Option<string?> _clock = MachineArguments.Text("--clock", "MODE", "How guest time passes: realtime, fast (idle time is skipped), deterministic (time is the number of instructions) [realtime]");
    private readonly Option<string?> _stats = MachineArguments.Text("--stats", "FILE", "Write figures of the run to a JSON file at the end");
    private readonly Option<string?> _gdb = MachineArguments.Text("--gdb", "ADDRESS", "Wait for a debugger (not implemented yet)");
    private readonly Option<string?> _trace = MachineArguments.Text("--trace", "WHAT[,file=F]", "Write what happens, to standard error or a file: exec, int, mem, io, mmu (several with commas)");
    private readonly Option<string?> _log = MachineArguments.Text("--log", "WHAT", "Write translations as they are made: in_asm (guest code), ir, out_asm (host code), filter=ADDRESS..ADDRESS (several with commas)");
    private readonly Option<string?> _logFile = MachineArguments.Text("--log-file", "FILE", "Where --log writes [standard error]");
    private readonly Option<bool> _perfMap = new("--perf-map") { Description = "Write /tmp/perf-PID.map, by which perf names translated blocks" };
    private readonly Option<string?> _cacheSize = MachineArguments.Text("--jit-cache-size", "SIZE", "Room for translations, 1M to 2G [64M]");
    private readonly Option<string?> _switch = MachineArguments.Text("--switch-engines", "SEED", "Change at random among all engines that work here, every few thousand instructions: for finding faults");
    private readonly Option<string?> _kvmIrqChip = MachineArguments.Text("--kvm-irqchip", "on|split|off", "Which interrupt controllers are the kernel's under --engine kvm: all, the local APICs, none [all, where the host gains by it]");
    private readonly Option<string?> _paravirtual = MachineArguments.Text("--paravirt", "kvm|none", "Whether the guest sees KVM's clock, steal time and EOI, under every engine [kvm with --engine kvm, else none]");
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Report on standard error what the guest does wrong" };

    private RunCommand()
    {
    }

    public static Command Create()
    {
        var run = new RunCommand();
        run.AddCompletions();
        var command = new Command("run", "Boot a guest; without options the embedded Linux, to a shell on this terminal (Ctrl-A X leaves, Ctrl-A H helps)");
        foreach (Option option in (IEnumerable<Option>)
            [.. run._machine.All, run._engine, run._switchEvery, run._nets, run._serial, run._display, run._screenshot, run._sound, run._save, run._restore, run._noReboot, run._timeout, run._clock, run._stats, run._gdb, run._trace, run._log, run._logFile, run._perfMap, run._cacheSize, run._switch, run._kvmIrqChip, run._paravirtual, run._verbose])
        {
            command.Add(option);
        }

        command.SetAction(parsed =>
        {
            using var session = new RunSession(run.Read(parsed));
            return session.Run();
        });
        return command;
    }

    private static void RefuseIfGiven(string option, bool isGiven)
    {
        if (isGiven)
        {
            throw new SosiaException($"The option {option} is not implemented yet; leave it out.");
        }
    }

    private static string CheckEngine(string name)
        => EnginesCommand.IsPlanned(name) ? throw new SosiaException($"The engine '{name}' is not implemented yet; use --engine auto.") : name;

    private static IReadOnlyList<string> CheckSerial(string[] serial, DisplaySettings display)
    {
        if (display.IsTerminal && serial.Contains("stdio"))
        {
            throw new SosiaException("The terminal cannot be both screen and serial port; give --serial file:F or --serial none with --display terminal.");
        }

        foreach (string text in serial)
        {
            if (text.StartsWith("tcp:", StringComparison.Ordinal))
            {
                throw new SosiaException($"The serial connection '{text}' is not implemented yet: tcp; use stdio, file:F or none.");
            }

            if (text is not ("stdio" or "none") && !(text.StartsWith("file:", StringComparison.Ordinal) && text.Length > "file:".Length))
            {
                throw new SosiaException($"The serial connection '{text}' is unknown; use stdio, file:F or none.");
            }
        }

        return serial.Count(static s => s == "stdio") > 1
            ? throw new SosiaException("Two serial ports cannot both be on stdio; connect one of them with --serial file:F or --serial none.")
            : serial.Length > 2 ? throw new SosiaException($"The machine has two serial ports, but {serial.Length} are given; give --serial at most twice.") : serial;
    }

    private static SoundSettings CheckSound(SoundSettings sound, MachineOptions machine)
        => machine.Machine == "pc" ? sound : throw new SosiaException($"The machine '{machine.Machine}' has no sound devices; use --machine pc, or leave --sound out.");

    private static KvmIrqChip ParseIrqChip(string text) => text switch
    {
        "on" => KvmIrqChip.On,
        "split" => KvmIrqChip.Split,
        "off" => KvmIrqChip.Off,
        _ => throw new SosiaException($"The value '{text}' of --kvm-irqchip is unknown; choose on, split or off."),
    };

    private static bool ParseParavirtual(string text) => text switch
    {
        "kvm" => true,
        "none" => false,
        _ => throw new SosiaException($"The value '{text}' of --paravirt is unknown; choose kvm or none."),
    };

    private static ClockMode ParseClock(string text) => text switch
    {
        "realtime" => ClockMode.RealTime,
        "fast" => ClockMode.Fast,
        "deterministic" => ClockMode.Deterministic,
        _ => throw new SosiaException($"The clock '{text}' is unknown; choose realtime, fast or deterministic."),
    };

    private void AddCompletions()
    {
        _engine.CompletionSources.Add(static _ => EngineRegistry.Describe().Select(static e => new System.CommandLine.Completions.CompletionItem(e.Name)));
        _kvmIrqChip.CompletionSources.Add("on", "split", "off");
        _paravirtual.CompletionSources.Add("kvm", "none");
        _clock.CompletionSources.Add("realtime", "fast", "deterministic");
        _serial.CompletionSources.Add("stdio", "none", "file:");
        _display.CompletionSources.Add("none", "terminal", "vnc=127.0.0.1:5900");
        _log.CompletionSources.Add("in_asm", "ir", "out_asm");
        _trace.CompletionSources.Add("exec", "int", "mem", "io", "mmu");
    }

    private RunSettings Read(ParseResult parsed)
    {
        RefuseIfGiven("--gdb", parsed.GetValue(_gdb) is not null);
        DisplaySettings display = DisplaySettings.Parse(parsed.GetValue(_display) ?? "none");

        MachineOptions machine = _machine.Read(parsed, display.IsShown);
        machine = machine with
        {
            Engine = CheckEngine(parsed.GetValue(_engine)?.Split(',')[0] ?? machine.Engine),
            ClockMode = parsed.GetValue(_clock) is { } clock ? ParseClock(clock) : machine.ClockMode,
            NoReboot = parsed.GetValue(_noReboot),
            HasTablet = display.Vnc is not null,
            Networks = [.. (parsed.GetValue(_nets) ?? []).Select(NetworkOptions.Parse)],
        };

        bool showsTranslations = parsed.GetValue(_log) is not null || parsed.GetValue(_perfMap) || parsed.GetValue(_cacheSize) is not null;
        if (machine.Engine == EngineRegistry.Auto && parsed.GetValue(_switch) is null)
        {
            machine = machine with { Engine = EngineRegistry.ChooseAuto(countsInstructions: showsTranslations || machine.ClockMode == ClockMode.Deterministic) };
        }

        string[] engines = parsed.GetValue(_engine)?.Split(',') ?? [machine.Engine];
        bool usesKvm = machine.Engine == "kvm" || Array.IndexOf(engines, "kvm") >= 0;
        machine = machine with { HasKvmInterface = parsed.GetValue(_paravirtual) is { } paravirtual ? ParseParavirtual(paravirtual) : usesKvm };
        string? irqChip = parsed.GetValue(_kvmIrqChip);
        if (irqChip is not null && !usesKvm)
        {
            throw new SosiaException($"The option --kvm-irqchip belongs to --engine kvm, but the engine is '{machine.Engine}'; leave it out.");
        }

        SoundSettings? sound = parsed.GetValue(_sound) is { } soundText ? CheckSound(SoundSettings.Parse(soundText), machine) : null;
        bool needsOwnTimer = usesKvm && sound?.Devices.HasFlag(SoundDevices.PcSpeaker) == true;
        if (needsOwnTimer && irqChip is "on")
        {
            throw new SosiaException("The PC speaker is not heard while the kernel has the interval timer; say --kvm-irqchip split or off, or leave pcspk out of --sound.");
        }

        // The speaker needs the interval timer here, which a kernel with all interrupt controllers has, too.
        irqChip ??= needsOwnTimer ? "off" : null;
        string[]? turns = engines.Length > 1 ? engines : null;
        if (turns is null && parsed.GetValue(_switchEvery) is not null)
        {
            throw new SosiaException("The option --switch-every says how engines take turns; give several with --engine NAME,NAME.");
        }

        string? timeout = parsed.GetValue(_timeout);
        return new RunSettings
        {
            Machine = machine,
            Serial = CheckSerial(parsed.GetValue(_serial) is { Length: > 0 } serial ? serial : [display.IsTerminal ? "none" : "stdio"], display),
            Display = display,
            Screenshot = parsed.GetValue(_screenshot),
            SaveFile = parsed.GetValue(_save) is { } save ? SavedMachine.Check(save) : null,
            RestoreFile = parsed.GetValue(_restore),
            Sound = sound,
            Timeout = timeout is null ? null : OptionValue.Duration("--timeout", timeout),
            TimeoutText = timeout,
            StatsFile = parsed.GetValue(_stats) is { } stats ? StatsFile.Check(stats) : null,
            Trace = parsed.GetValue(_trace) is { } trace ? TraceOptions.Parse(trace) : null,
            Log = parsed.GetValue(_log) is { } log ? LogOptions.Parse(log) : null,
            LogFile = parsed.GetValue(_logFile) is { } file
                ? parsed.GetValue(_log) is null ? throw new SosiaException("The option --log-file says where --log writes; give --log too.") : file
                : null,
            HasPerfMap = parsed.GetValue(_perfMap),
            Recompiler = parsed.GetValue(_cacheSize) is { } size ? new RecompilerOptions { CacheByteCount = OptionValue.CacheSize("--jit-cache-size", size) } : RecompilerOptions.Default,
            Kvm = irqChip is null ? KvmOptions.Default : new KvmOptions { IrqChip = ParseIrqChip(irqChip) },
            Turns = turns is null ? null : [.. turns.Select(CheckEngine)],
            TurnTime = parsed.GetValue(_switchEvery) is { } every ? OptionValue.Duration("--switch-every", every) : TimeSpan.FromSeconds(1),
            SwitchSeed = parsed.GetValue(_switch) is not { } seed ? null
                : parsed.GetValue(_engine) is null ? OptionValue.Seed("--switch-engines", seed)
                : throw new SosiaException("The option --switch-engines takes all engines that work here; leave --engine out."),
            IsVerbose = parsed.GetValue(_verbose),
        };
    }
}
