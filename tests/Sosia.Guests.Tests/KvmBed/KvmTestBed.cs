using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>A small Linux with a KVM of its own, in QEMU's emulation of AMD's SVM: tests/tools/kvm-test-bed.sh, which has the details.</summary>
internal static class KvmTestBed
{
    private static string Repository => Path.GetDirectoryName(EmbeddedGuest.GuestsFolder)!;

    private static string Script => Path.Combine(Repository, "tests", "tools", "kvm-test-bed.sh");

    /// <summary>Why there is no bed on this host.</summary>
    /// <returns>Null when there is.</returns>
    public static string? WhyNot()
    {
        if (!HostProgram.Exists("qemu-system-x86_64"))
        {
            return "The program 'qemu-system-x86_64' is not installed (Debian: qemu-system-x86).";
        }

        bool isFetched = Directory.Exists(Path.Combine(Repository, "artifacts", "kvm-test-bed", "base"));
        return isFetched || HostProgram.Exists("apt-get") ? null : "The bed's kernel is not here, and without apt-get (Debian) it cannot be fetched.";
    }

    /// <summary>Boots the bed, runs a shell script in it as root, and switches it off.</summary>
    /// <param name="script">For busybox's sh.</param>
    /// <param name="files">Files and folders of the host and where they go; the libraries that a program is linked to come with it.</param>
    /// <returns>The script's status and all that it wrote.</returns>
    public static (int Status, string Output) Run(string script, params (string Host, string Guest)[] files)
    {
        List<string> arguments =
        [
            "--timeout", $"{EmbeddedGuest.Patience.TotalSeconds}",
            .. files.SelectMany(static file => (IEnumerable<string>)["--file", $"{file.Host}={file.Guest}"]),
            "--", script,
        ];
        (int status, string output, string errors) = HostProgram.RunAny(Script, [.. arguments]);
        return (status, output + errors);
    }

    /// <summary>The bed's own test: kvm-smoke.c.</summary>
    public static (int Status, string Output) RunSelfTest()
    {
        (int status, string output, string errors) = HostProgram.RunAny(Script, "--timeout", $"{EmbeddedGuest.Patience.TotalSeconds}", "--self-test");
        return (status, output + errors);
    }
}
