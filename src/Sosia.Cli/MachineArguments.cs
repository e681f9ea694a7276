using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Guests;
using Sosia.Devices.Block;
using Sosia.Isa.X86;
using Sosia.Machines;
using Sosia.Machines.Firmware;

namespace Sosia.Cli;

/// <summary>The options that describe a machine, for every command that builds one.</summary>
internal sealed class MachineArguments
{
    private const string DefaultGuest = "linux-x86_64";
    private const string DefaultMicrovmGuest = "linux-x86_64-microvm";

    private readonly Option<string?> _machine = Text("--machine", "NAME", "The machine: " + string.Join(", ", MachineRegistry.Describe().Select(static m => $"{m.Name} ({m.Description})")));
    private readonly Option<string?> _memory = Text("--memory", "SIZE", "Guest memory, such as 512M or 1G [256M]");
    private readonly Option<bool> _cpuThreads = new("--cpu-threads")
    {
        Description = "Give each processor a thread of its own (recompiler, not the deterministic clock); false: turns on one thread",
        DefaultValueFactory = static _ => true,
    };

    private readonly Option<string?> _cpus = Text("--cpus", "N", "Number of processors, 1 to 8 [1]");
    private readonly Option<string?> _cpu = Text("--cpu", "MODEL", $"The processor's instruction set: {string.Join("; ", CpuModel.All.Select(static m => $"{m.Name} ({m.Description})"))} [{CpuModel.Default.Name}]");
    private readonly Option<string?> _guest = Text("--guest", "NAME", $"A guest that './sosia guests list' shows; other options override what it says [{DefaultGuest}, unless --kernel is given]");
    private readonly Option<string?> _kernel = Text("--kernel", "FILE", "The kernel: a Linux bzImage, an ELF file with a PVH entry, or a multiboot image; gzip is inflated");
    private readonly Option<string?> _initrd = Text("--initrd", "FILE", "The initial RAM disk");
    private readonly Option<string?> _append = Text("--append", "TEXT", "The kernel command line");
    private readonly Option<string?> _loadAddress = Text("--load-address", "ADDRESS", "Take the kernel as a flat binary and start it at this physical address: below 1 MiB in real mode, else in 32-bit mode");
    private readonly Option<string[]> _drives = Many("--drive", "SPEC", "A disk: file=F,format=raw,if=virtio[,readonly][,snapshot]; may be repeated");
    private readonly Option<string?> _usb = Text("--usb", "uhci", "A USB controller of the machine pc, also without devices [when there are devices]");
    private readonly Option<string[]> _usbDevices = Many("--usb-device", UsbSettings.Form, "Something on the USB; storage takes what --drive does; may be repeated");
    private readonly Option<string?> _vga = Text("--vga", "std|none", "The display adapter of the machine pc: a VGA with linear modes, or none [std]");
    private readonly Option<string?> _bios = Text("--bios", "FILE", "Start with firmware: seabios (the one that comes along), or a file with a ROM image [seabios, when there is something to boot from and no kernel]");
    private readonly Option<string?> _flash = Text("--flash", "SPEC", "A flash memory below the firmware's ROM, for UEFI variables: file=F[,template=F][,readonly][,snapshot]");
    private readonly Option<string[]> _optionRoms = Many("--option-rom", "SPEC", "An option ROM for the firmware: file=F[,at=ADDRESS]; without an address for firmware that knows fw_cfg; may be repeated");
    private readonly Option<string?> _boot = Text("--boot", "ORDER", "What the firmware starts from, such as dc: c disk, d CD, a floppy, n network; [,once=ORDER][,menu][,menu-wait=MS][,retry=MS][,strict]");
    private readonly Option<string?> _biosSerial = Text("--bios-serial", "on|off", "Let the firmware use the first serial port as its screen and keyboard [on, unless --display shows the screen]");
    private readonly Option<string[]> _fwCfg = Many("--fw-cfg", "SPEC", "A file for firmware and guest: name=opt/NAME,file=F or name=opt/NAME,string=TEXT; may be repeated");
    private readonly Option<string?> _debugExit = Text("--debug-exit", "PORT", "A guest's write v to this I/O port, such as 0xf4, ends with status (v << 1) | 1");

    public MachineArguments()
    {
        _machine.CompletionSources.Add(static _ => MachineRegistry.Describe().Select(static m => new System.CommandLine.Completions.CompletionItem(m.Name)));
        _cpu.CompletionSources.Add(static _ => CpuModel.All.Select(static m => new System.CommandLine.Completions.CompletionItem(m.Name)));
        _vga.CompletionSources.Add("std", "none");
        _usb.CompletionSources.Add("uhci");
        _usbDevices.CompletionSources.Add("kbd", "tablet", "storage,file=");
        _bios.CompletionSources.Add("seabios");
        _biosSerial.CompletionSources.Add("on", "off");
        _guest.CompletionSources.Add(static _ => new GuestCatalog().List().Select(static g => new System.CommandLine.Completions.CompletionItem(g.Description.Name)));
    }

    /// <summary>The options, to be added to a command.</summary>
    public IEnumerable<Option> All => [_guest, _machine, _memory, _cpus, _cpuThreads, _cpu, _kernel, _initrd, _append, _loadAddress, _drives, _usb, _usbDevices, _bios, _flash, _optionRoms, _boot, _biosSerial, _fwCfg, _vga, _debugExit];

    /// <summary>A text option.</summary>
    public static Option<string?> Text(string name, string valueName, string description)
        => new(name) { HelpName = valueName, Description = description };

    /// <summary>An option that may be given several times.</summary>
    public static Option<string[]> Many(string name, string valueName, string description)
        => new(name) { HelpName = valueName, Description = description, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    /// <summary>The machine that the arguments ask for.</summary>
    /// <param name="parsed">The arguments.</param>
    /// <param name="showsScreen">True when the machine's screen is shown, so that firmware need not use the serial port as one.</param>
    public MachineOptions Read(ParseResult parsed, bool showsScreen = false)
    {
        MachineOptions machine = FindGuest(parsed)?.ToMachineOptions() ?? new MachineOptions();
        return machine with
        {
            Machine = parsed.GetValue(_machine) ?? machine.Machine,
            MemoryByteCount = parsed.GetValue(_memory) is { } memory ? MemorySize.Parse(memory) : machine.MemoryByteCount,
            CpuThreads = parsed.GetValue(_cpuThreads),
            CpuCount = parsed.GetValue(_cpus) is { } cpus ? OptionValue.Count("--cpus", cpus) : machine.CpuCount,
            CpuModel = parsed.GetValue(_cpu) is { } cpu ? CpuModel.Find(cpu).Name : machine.CpuModel,
            Kernel = parsed.GetValue(_kernel) ?? machine.Kernel,
            Initrd = parsed.GetValue(_initrd) ?? machine.Initrd,
            Append = parsed.GetValue(_append) ?? machine.Append,
            LoadAddress = parsed.GetValue(_loadAddress) is { } address ? OptionValue.Address("--load-address", address) : null,
            Drives = [.. machine.Drives, .. DrivesOf(parsed)],
            Usb = UsbSettings.Parse(parsed.GetValue(_usb), parsed.GetValue(_usbDevices) ?? []).Usb,
            Vga = parsed.GetValue(_vga) ?? machine.Vga,
            Bios = parsed.GetValue(_bios),
            Flash = parsed.GetValue(_flash) is { } flash ? FlashOptions.Parse(flash) : null,
            OptionRoms = [.. (parsed.GetValue(_optionRoms) ?? []).Select(OptionRom.Parse)],
            Boot = parsed.GetValue(_boot) is { } boot ? BootOptions.Parse(boot) : null,
            FirmwareUsesSerial = parsed.GetValue(_biosSerial) is { } biosSerial ? OptionValue.Switch("--bios-serial", biosSerial) : !showsScreen,
            FirmwareItems = [.. (parsed.GetValue(_fwCfg) ?? []).Select(FirmwareItem.Parse)],
            DebugExitPort = parsed.GetValue(_debugExit) is { } port ? OptionValue.Port("--debug-exit", port) : null,
        };
    }

    /// <summary>The guest of the catalogue that the arguments name or leave to us; null for the user's own kernel, and for firmware.</summary>
    public Guest? FindGuest(ParseResult parsed)
    {
        if (parsed.GetValue(_guest) is { } name)
        {
            return new GuestCatalog().Find(name);
        }

        return parsed.GetValue(_kernel) is not null || StartsFirmware(parsed)
            ? null
            : new GuestCatalog().Find(parsed.GetValue(_machine) == "microvm" ? DefaultMicrovmGuest : DefaultGuest);
    }

    // Without kernel and guest: what asks for firmware, or for the PC by name, or has something on a disk that can be started, starts with firmware.
    // A disk of data goes to the embedded guest.
    private bool StartsFirmware(ParseResult parsed)
    {
        string? machine = parsed.GetValue(_machine);
        List<DriveOptions> drives = DrivesOf(parsed);
        return machine != "microvm"
            && (parsed.GetValue(_bios) is not null
                || parsed.GetValue(_boot) is not null
                || (drives.Count != 0 && (machine is not null || drives.Exists(static drive => drive.HasBootRecord()))));
    }

    private List<DriveOptions> DrivesOf(ParseResult parsed)
        => [.. (parsed.GetValue(_drives) ?? []).Select(DriveOptions.Parse), .. UsbSettings.Parse(null, parsed.GetValue(_usbDevices) ?? []).Disks];
}
