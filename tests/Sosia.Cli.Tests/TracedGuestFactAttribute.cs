using System.ComponentModel;
using System.Diagnostics;

namespace Sosia.Cli.Tests;

/// <summary>A fact about a guest that is run under strace.</summary>
public sealed class TracedGuestFactAttribute : GuestFactAttribute
{
    public TracedGuestFactAttribute(string guest)
        : base(guest)
    {
        if (!CanTrace())
        {
            Skip ??= "strace is not installed, or may not trace processes here";
        }
    }

    private static bool CanTrace()
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("strace", ["-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
