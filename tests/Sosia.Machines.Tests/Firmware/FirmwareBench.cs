using System;
using System.Diagnostics;
using System.IO;
using Sosia.Core;
using Sosia.Core.Time;
using Sosia.Devices.Block;

namespace Sosia.Machines.Tests.Firmware;

/// <summary>Machines that start from firmware, and what they start.</summary>
internal static class FirmwareBench
{
    /// <summary>How long a start may take on a busy host.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>The machine "pc" with 32 MiB, deterministic, that starts from firmware.</summary>
    public static MachineOptions Options(string? disk = null) => new()
    {
        Machine = "pc",
        MemoryByteCount = 32 << 20,
        Bios = "seabios",
        ClockMode = ClockMode.Deterministic,
        Drives = disk is null ? [] : [new DriveOptions(disk, IsSnapshot: true)],
    };

    /// <summary>Assembles a file of this folder into a flat binary that begins at 0x7C00; null where the assembler is not installed.</summary>
    public static byte[]? Assemble(TemporaryFiles files, string name)
    {
        string source = Path.Combine(Repository.Root, "tests", "Sosia.Machines.Tests", "Firmware", name);
        string binary = files.Path(name + ".bin");
        return TryRun("as", $"--32 -o {files.Path(name + ".o")} {source}")
            && TryRun("ld", $"-m elf_i386 -Ttext 0x7c00 --oformat binary -o {binary} {files.Path(name + ".o")}")
            ? File.ReadAllBytes(binary)
            : null;
    }

    /// <summary>Runs a program that must succeed; false where it is not installed.</summary>
    public static bool TryRun(string program, string arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.StandardOutput.ReadToEnd();
            string errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? true : throw new SosiaException($"{program} {arguments} failed: {errors}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Writes a disk image: the given bytes, then zeros.</summary>
    public static string WriteDisk(TemporaryFiles files, string name, byte[] start, int byteCount = 1 << 20)
    {
        byte[] disk = new byte[byteCount];
        start.CopyTo(disk, 0);
        return files.Write(name, disk);
    }
}
