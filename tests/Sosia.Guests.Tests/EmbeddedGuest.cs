using System;
using System.IO;
using Sosia.Control;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Machines;

namespace Sosia.Guests.Tests;

/// <summary>The small Linux that is kept in the repository, as the tests start it.</summary>
internal static class EmbeddedGuest
{
    /// <summary>What its shell prints when it waits for a command.</summary>
    public const string Prompt = "sosia:~# ";

    /// <summary>How much host time any of these guests gets; generous, because test machines are shared.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The repository's descriptions of guests.</summary>
    public static string GuestsFolder => Path.Combine(RepositoryRoot(), "guests");

    /// <summary>Options for a boot to the shell.</summary>
    public static MachineOptions Options(ClockMode clock, string append = "", params string[] drives)
    {
        string images = Path.Combine(RepositoryRoot(), "guests", "linux-x86_64", "images");
        return new MachineOptions
        {
            Machine = "pc",
            Kernel = Path.Combine(images, "bzImage"),
            Initrd = Path.Combine(images, "initrd"),
            Append = ("console=ttyS0 panic=-1 " + append).TrimEnd(),
            MemoryByteCount = 128 << 20,
            ClockMode = clock,
            NoReboot = true,
            Drives = Array.ConvertAll(drives, DriveOptions.Parse),
        };
    }

    /// <summary>Types a command and gives back what it printed, up to the next prompt.</summary>
    public static string Command(VirtualMachine vm, string command)
    {
        vm.Console.Send(command + "\n");
        // The terminal echoes the command first.
        vm.Console.Expect("\r\n", Patience);
        return vm.Console.Expect(Prompt, Patience);
    }

    private static string RepositoryRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sosia.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests do not run from within the repository.");
    }
}
