using System;
using System.IO;
using Sosia.Core.Time;
using Sosia.Devices.Block;
using Sosia.Guests.Tests.Smp;
using Sosia.Machines;

namespace Sosia.Guests.Tests.Drivers;

/// <summary>Debian's stock kernel with drivers for sound, USB and FAT, and the program drivers.c.</summary>
internal static class DriverGuest
{
    /// <summary>The image that tests/tools/make-driver-guest.sh makes.</summary>
    public const string Image = "drivers.initrd";

    /// <summary>Options for a boot to the shell, with the program at /drivers where gcc can make it.</summary>
    /// <param name="folder">Where the program and the initrd with it go.</param>
    /// <param name="drives">The drives.</param>
    /// <exception cref="InvalidOperationException">The image or gcc is missing.</exception>
    public static MachineOptions Options(string folder, params string[] drives)
    {
        string image = CachedImage.Find(Image) ?? throw new InvalidOperationException(CachedImage.WhyNot(Image));
        string program = Path.Combine(folder, "drivers");
        string initrd = Path.Combine(folder, "initrd");
        HostProgram.Run("gcc", "-O2", "-static", "-o", program, Path.Combine(AppContext.BaseDirectory, "drivers.c"));
        Initramfs.Prepend(image, "drivers", program, initrd);
        return new MachineOptions
        {
            Machine = "pc",
            Kernel = image + ".vmlinuz",
            Initrd = initrd,
            Append = "console=ttyS0 panic=-1",
            MemoryByteCount = 256 << 20,
            ClockMode = ClockMode.Fast,
            NoReboot = true,
            Drives = Array.ConvertAll(drives, DriveOptions.Parse),
        };
    }
}
