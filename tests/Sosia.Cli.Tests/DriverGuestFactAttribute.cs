using System;
using System.IO;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>A fact about Debian's stock kernel with the drivers that tests/tools/make-driver-guest.sh puts together.</summary>
public sealed class DriverGuestFactAttribute : FactAttribute
{
    public DriverGuestFactAttribute()
    {
        Skip = File.Exists(Initrd) ? null : "The image drivers.initrd has not been made: run tests/tools/fetch-images.sh (root on Debian).";
    }

    public static string Initrd => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "sosia",
        "images",
        "drivers.initrd");

    public static string Kernel => Initrd + ".vmlinuz";
}
