using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Devices.Uart16550;
using Sosia.Devices.Virtio;
using Sosia.Machines.Firmware;
using Sosia.Net;

namespace Sosia.Machines;

/// <summary>Everything that describes a machine before it exists. Every property has a usable default, but there must be something to start:
/// a <see cref="Kernel"/>, or what makes <see cref="StartsFirmware"/> true.</summary>
public sealed record MachineOptions
{
    /// <summary>The most processors that a machine can have.</summary>
    public const int MaxCpuCount = 8;

    /// <summary>The machine's name in <see cref="MachineRegistry"/>: "pc" or "microvm".</summary>
    public string Machine { get; init; } = "pc";

    /// <summary>The technique that runs it: "auto" or the name of an engine.</summary>
    public string Engine { get; init; } = "auto";

    /// <summary>Guest RAM in bytes; a positive multiple of 4096.</summary>
    public ulong MemoryByteCount { get; init; } = 256UL << 20;

    /// <summary>The number of virtual processors, 1 to <see cref="MaxCpuCount"/>.</summary>
    public int CpuCount { get; init; } = 1;

    /// <summary>
    /// Whether each of several processors has a host thread of its own, where engine and clock allow it; otherwise they take turns on one.
    /// </summary>
    public bool CpuThreads { get; init; } = true;

    /// <summary>The CPU model: the name of one of <see cref="Isa.X86.CpuModel.All"/>; null for <see cref="Isa.X86.CpuModel.Default"/>.</summary>
    public string? CpuModel { get; init; }

    /// <summary>
    /// Whether the guest sees KVM's interface to guests (a clock that it need not ask the machine for, and more), under every engine. Useful under KVM; a saved
    /// state can only be restored into a machine with the same choice.
    /// </summary>
    public bool HasKvmInterface { get; init; }

    /// <summary>
    /// The file to start: a Linux bzImage, an ELF file with a PVH entry note, a multiboot 1 image (each may be a gzip file), or anything
    /// at all with <see cref="LoadAddress"/>.
    /// </summary>
    public string? Kernel { get; init; }

    /// <summary>The initial RAM disk. For a multiboot kernel a list of modules: <c>FILE ARGUMENTS,FILE ARGUMENTS…</c>.</summary>
    public string? Initrd { get; init; }

    /// <summary>The kernel command line.</summary>
    public string Append { get; init; } = string.Empty;

    /// <summary>Treats the kernel as a flat binary and puts it at this guest physical address.</summary>
    public ulong? LoadAddress { get; init; }

    /// <summary>In which processor mode a flat binary is entered.</summary>
    public FlatEntry FlatEntry { get; init; } = FlatEntry.Auto;

    /// <summary>
    /// The firmware of the machine "pc": "seabios" for the one that comes along, or a file with a ROM image. Null starts the kernel without
    /// firmware, or the firmware that comes along if there is no kernel but something to boot from.
    /// </summary>
    public string? Bios { get; init; }

    /// <summary>The flash memory below the firmware's ROM, for UEFI variables; null for none.</summary>
    public FlashOptions? Flash { get; init; }

    /// <summary>Extensions of the firmware in ROMs of their own.</summary>
    public IReadOnlyList<OptionRom> OptionRoms { get; init; } = [];

    /// <summary>What the firmware starts from; null for its usual order.</summary>
    public BootOptions? Boot { get; init; }

    /// <summary>Files that firmware and guest can read through fw_cfg besides the machine's own.</summary>
    public IReadOnlyList<FirmwareItem> FirmwareItems { get; init; } = [];

    /// <summary>True when firmware that can uses the first serial port as its screen and keyboard.</summary>
    public bool FirmwareUsesSerial { get; init; } = true;

    /// <summary>True when the machine starts with firmware.</summary>
    public bool StartsFirmware => Bios is not null || (Kernel is null && (Boot is not null || Drives.Count != 0));

    /// <summary>True when there is something that is of no use without firmware: flash memory or option ROMs.</summary>
    public bool NeedsFirmware => Flash is not null || OptionRoms.Count != 0;

    /// <summary>The disks.</summary>
    public IReadOnlyList<DriveOptions> Drives { get; init; } = [];

    /// <summary>The network cards.</summary>
    public IReadOnlyList<NetworkOptions> Networks { get; init; } = [];

    /// <summary>The display adapter of the machine "pc": "std" for a VGA with linear modes, "none" for a machine without a screen.</summary>
    public string Vga { get; init; } = "std";

    /// <summary>True for a machine with an absolute pointer (virtio), which guests that know it prefer to the mouse.</summary>
    public bool HasTablet { get; init; }

    /// <summary>The USB of the machine "pc"; null for none, unless drives are on it.</summary>
    public UsbOptions? Usb { get; init; }

    /// <summary>The sound devices of the machine "pc"; null for none that one can hear.</summary>
    public SoundOptions? Sound { get; init; }

    /// <summary>How guest time advances.</summary>
    public ClockMode ClockMode { get; init; } = ClockMode.RealTime;

    /// <summary>
    /// What is connected to the serial ports, in their order; null or absent for nothing. The library's own console is connected to the
    /// first one in addition.
    /// </summary>
    public IReadOnlyList<ISerialBackend?> Serial { get; init; } = [];

    /// <summary>Receives the bytes written to the debug console ports 0x402 and 0xE9; null for nothing.</summary>
    public ISerialBackend? DebugConsole { get; init; }

    /// <summary>What is connected to the virtio console (hvc0); null for a machine without one.</summary>
    public IVirtioConsoleBackend? VirtioConsole { get; init; }

    /// <summary>The I/O port whose write v ends the machine with exit status (v &lt;&lt; 1) | 1; null for no such port.</summary>
    public int? DebugExitPort { get; init; }

    /// <summary>True to end instead of restarting when the guest resets the machine or its processor shuts down.</summary>
    public bool NoReboot { get; init; }

    /// <summary>
    /// Makes the random numbers that devices and boot protocols give to the guest repeatable. A deterministic machine takes 0 when this is null.
    /// </summary>
    public ulong? RandomSeed { get; init; }

    /// <summary>The date and time at power-on, UTC; null for the host's (a deterministic machine takes <see cref="DeterministicStart"/>).</summary>
    public DateTime? StartTime { get; init; }

    /// <summary>Power-on time of deterministic machines that are not given one.</summary>
    public static readonly DateTime DeterministicStart = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>The same machine, with drives and flash memory whose changes vanish with it.</summary>
    public MachineOptions WithThrowAwayDisks() => this with
    {
        Drives = [.. Drives.Select(static drive => drive.IsReadOnly ? drive : drive with { IsSnapshot = true })],
        Flash = Flash is { IsReadOnly: false } flash ? flash with { IsSnapshot = true } : Flash,
    };

    /// <summary>The seed to use: <see cref="RandomSeed"/>, or the default of the clock mode (null: the host's random numbers).</summary>
    public ulong? EffectiveRandomSeed => RandomSeed ?? (ClockMode == ClockMode.Deterministic ? 0UL : null);

    /// <summary>The power-on time to use.</summary>
    public DateTime EffectiveStartTime => StartTime ?? (ClockMode == ClockMode.Deterministic ? DeterministicStart : DateTime.UtcNow);
}
