using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Core;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Machines;

namespace Sosia.Cli;

/// <summary><c>sosia run</c>: from arguments to settings. <see cref="RunSession"/> does the rest.</summary>
internal sealed class RunCommand
{
    private const string DefaultGuest = "linux-x86_64";
    private const string DefaultMicrovmGuest = "linux-x86_64-microvm";

    private readonly Option<string?> _machine = Text("--machine", "NAME", "The machine: " + string.Join(", ", MachineRegistry.Describe().Select(static m => $"{m.Name} ({m.Description})")));
    private readonly Option<string?> _engine = Text("--engine", "NAME", "The technique that runs it: auto, or one that './sosia engines' lists");
    private readonly Option<string?> _memory = Text("--memory", "SIZE", "Guest memory, such as 512M or 1G [256M]");
    private readonly Option<string?> _cpus = Text("--cpus", "N", "Number of processors [1]");
    private readonly Option<string?> _guest = Text("--guest", "NAME", $"A guest that './sosia guests list' shows; other options override what it says [{DefaultGuest}, unless --kernel is given]");
    private readonly Option<string?> _kernel = Text("--kernel", "FILE", "The kernel: a Linux bzImage, an ELF file with a PVH entry, or a multiboot image; gzip is inflated");
    private readonly Option<string?> _initrd = Text("--initrd", "FILE", "The initial RAM disk");
    private readonly Option<string?> _append = Text("--append", "TEXT", "The kernel command line");
    private readonly Option<string?> _loadAddress = Text("--load-address", "ADDRESS", "Take the kernel as a flat binary and start it at this physical address: below 1 MiB in real mode, else in 32-bit mode");
    private readonly Option<string?> _bios = Text("--bios", "FILE", "Firmware to start with (not implemented yet)");
    private readonly Option<string[]> _drives = Many("--drive", "SPEC", "A disk: file=F,format=raw,if=virtio[,readonly][,snapshot]; may be repeated");
    private readonly Option<string[]> _nets = Many("--net", "SPEC", "A network card (not implemented yet)");
    private readonly Option<string[]> _serial = Many("--serial", "stdio|file:F|none", "What is connected to the serial port; a second one is for the second port [stdio]");
    private readonly Option<string?> _display = Text("--display", "none", "The display [none]");
    private readonly Option<bool> _noReboot = new("--no-reboot") { Description = "End with status 3 instead of restarting when the guest resets the machine" };
    private readonly Option<string?> _timeout = Text("--timeout", "TIME", "End with status 124 after this much time, such as 90s or 5m");
    private readonly Option<string?> _clock = Text("--clock", "MODE", "How guest time passes: realtime, fast (idle time is skipped), deterministic (time is the number of instructions) [realtime]");
    private readonly Option<string?> _stats = Text("--stats", "FILE", "Write figures of the run to a JSON file at the end");
    private readonly Option<string?> _gdb = Text("--gdb", "ADDRESS", "Wait for a debugger (not implemented yet)");
    private readonly Option<string?> _debugExit = Text("--debug-exit", "PORT", "A guest's write v to this I/O port, such as 0xf4, ends with status (v << 1) | 1");
    private readonly Option<string?> _trace = Text("--trace", "WHAT[,file=F]", "Write what happens, to standard error or a file: exec, int, mem, io, mmu (several with commas)");
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Report on standard error what the guest does wrong" };

    private RunCommand()
    {
    }

    public static Command Create()
    {
        var run = new RunCommand();
        run.AddCompletions();
        var command = new Command("run", "Boot a guest; without options the embedded Linux, to a shell on this terminal (Ctrl-A X leaves, Ctrl-A H helps)")
        {
            run._guest, run._machine, run._engine, run._memory, run._cpus, run._kernel, run._initrd, run._append, run._loadAddress, run._bios, run._drives, run._nets, run._serial,
            run._display, run._noReboot, run._timeout, run._clock, run._stats, run._gdb, run._debugExit, run._trace, run._verbose,
        };
        command.SetAction(parsed =>
        {
            using var session = new RunSession(run.Read(parsed));
            return session.Run();
        });
        return command;
    }

    private static Option<string?> Text(string name, string valueName, string description)
        => new(name) { HelpName = valueName, Description = description };

    private static Option<string[]> Many(string name, string valueName, string description)
        => new(name) { HelpName = valueName, Description = description, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    private static void RefuseIfGiven(string option, bool isGiven)
    {
        if (isGiven)
        {
            throw new SosiaException($"The option {option} is not implemented yet; leave it out.");
        }
    }

    private static string CheckEngine(string name)
        => EnginesCommand.IsPlanned(name) ? throw new SosiaException($"The engine '{name}' is not implemented yet; use --engine auto.") : name;

    private static IReadOnlyList<string> CheckSerial(string[] serial)
    {
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

    private static void CheckDisplay(string? display)
    {
        if (display is null or "none")
        {
            return;
        }

        throw new SosiaException(display.StartsWith("vnc", StringComparison.Ordinal)
            ? $"The display '{display}' is not implemented yet; use --display none."
            : $"The display '{display}' is unknown; use --display none.");
    }

    private static ClockMode ParseClock(string text) => text switch
    {
        "realtime" => ClockMode.RealTime,
        "fast" => ClockMode.Fast,
        "deterministic" => ClockMode.Deterministic,
        _ => throw new SosiaException($"The clock '{text}' is unknown; choose realtime, fast or deterministic."),
    };

    private void AddCompletions()
    {
        _machine.CompletionSources.Add(static _ => MachineRegistry.Describe().Select(static m => new System.CommandLine.Completions.CompletionItem(m.Name)));
        _engine.CompletionSources.Add(static _ => EngineRegistry.Describe().Select(static e => new System.CommandLine.Completions.CompletionItem(e.Name)));
        _guest.CompletionSources.Add(static _ => new GuestCatalog().List().Select(static g => new System.CommandLine.Completions.CompletionItem(g.Description.Name)));
        _clock.CompletionSources.Add("realtime", "fast", "deterministic");
        _serial.CompletionSources.Add("stdio", "none", "file:");
        _display.CompletionSources.Add("none");
        _trace.CompletionSources.Add("exec", "int", "mem", "io", "mmu");
    }

    private RunSettings Read(ParseResult parsed)
    {
        RefuseIfGiven("--bios", parsed.GetValue(_bios) is not null);
        RefuseIfGiven("--net", parsed.GetValue(_nets) is { Length: > 0 });
        RefuseIfGiven("--gdb", parsed.GetValue(_gdb) is not null);
        CheckDisplay(parsed.GetValue(_display));

        MachineOptions machine = Base(parsed);
        machine = machine with
        {
            Machine = parsed.GetValue(_machine) ?? machine.Machine,
            Engine = CheckEngine(parsed.GetValue(_engine) ?? machine.Engine),
            MemoryByteCount = parsed.GetValue(_memory) is { } memory ? MemorySize.Parse(memory) : machine.MemoryByteCount,
            CpuCount = parsed.GetValue(_cpus) is { } cpus ? OptionValue.Count("--cpus", cpus) : machine.CpuCount,
            Kernel = parsed.GetValue(_kernel) ?? machine.Kernel,
            Initrd = parsed.GetValue(_initrd) ?? machine.Initrd,
            Append = parsed.GetValue(_append) ?? machine.Append,
            LoadAddress = parsed.GetValue(_loadAddress) is { } address ? OptionValue.Address("--load-address", address) : null,
            Drives = [.. machine.Drives, .. (parsed.GetValue(_drives) ?? []).Select(DriveOptions.Parse)],
            ClockMode = parsed.GetValue(_clock) is { } clock ? ParseClock(clock) : machine.ClockMode,
            DebugExitPort = parsed.GetValue(_debugExit) is { } port ? OptionValue.Port("--debug-exit", port) : null,
            NoReboot = parsed.GetValue(_noReboot),
        };

        string? timeout = parsed.GetValue(_timeout);
        return new RunSettings
        {
            Machine = machine,
            Serial = CheckSerial(parsed.GetValue(_serial) is { Length: > 0 } serial ? serial : ["stdio"]),
            Timeout = timeout is null ? null : OptionValue.Duration("--timeout", timeout),
            TimeoutText = timeout,
            StatsFile = parsed.GetValue(_stats) is { } stats ? StatsFile.Check(stats) : null,
            Trace = parsed.GetValue(_trace) is { } trace ? TraceOptions.Parse(trace) : null,
            IsVerbose = parsed.GetValue(_verbose),
        };
    }

    // What the single options change: a guest's description, or an empty machine for the user's own kernel.
    private MachineOptions Base(ParseResult parsed)
    {
        if (parsed.GetValue(_guest) is { } name)
        {
            return new GuestCatalog().Find(name).ToMachineOptions();
        }

        if (parsed.GetValue(_kernel) is not null)
        {
            return new MachineOptions();
        }

        return new GuestCatalog().Find(parsed.GetValue(_machine) == "microvm" ? DefaultMicrovmGuest : DefaultGuest).ToMachineOptions();
    }
}
