using System;
using System.IO;
using System.Linq;
using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>What must hold of the engine "kvm" through the library: tests/Sosia.Kvm.Checks, a program of its own, in the bed.</summary>
[Collection(KvmBedCollection.Name)]
[Trait("Category", "Boot")]
public sealed class KvmChecksTests
{
    private const string Folder = "/opt/checks";

    [KvmBedFact]
    public void Every_check_of_the_library_with_KVM_holds_in_the_bed()
    {
        // The runtime that executes this test, and where its host program looks for it.
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string version = Path.GetFileName(runtime);
        string root = Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."));
        string resolver = Path.Combine(root, "host", "fxr", version);
        string host = Path.Combine(root, "dotnet");
        string program = typeof(KvmChecksTests).Assembly.Location.Replace("Sosia.Guests.Tests", "Sosia.Kvm.Checks", StringComparison.Ordinal);
        string[] names = HostProgram.Run(host, "exec", program, "--list").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(names);

        (int status, string output) = KvmTestBed.Run(
            $"{host} exec {Folder}/{Path.GetFileName(program)}",
            (Path.GetDirectoryName(program)!, Folder), (runtime, runtime), (resolver, resolver), (host, host));
        string[] results = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => !line.StartsWith('#'))];
        Assert.Equal(names.Select(static name => $"ok {name}"), results);
        Assert.Equal(0, status);
    }
}
