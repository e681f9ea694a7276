using System;
using System.IO;
using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>The bed itself: what runs in it comes out, and its KVM is one.</summary>
[Collection(KvmBedCollection.Name)]
[Trait("Category", "Boot")]
public sealed class KvmBedTests
{
    [KvmBedFact]
    public void The_bed_has_a_KVM_that_executes_real_and_long_mode()
    {
        (int status, string output) = KvmTestBed.RunSelfTest();
        Assert.True(status == 0, output);
        Assert.Contains("kvm-smoke: real mode: \"ok\"", output, StringComparison.Ordinal);
        Assert.Contains("kvm-smoke: long mode: \"64\"", output, StringComparison.Ordinal);
    }

    [KvmBedFact]
    public void The_bed_gives_back_output_and_status_of_a_script_with_the_files_that_it_was_given()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "first\nsecond\n");
            Assert.Equal((7, "second\n1\n"), KvmTestBed.Run("tail -n 1 /data/lines; grep -c ^processor /proc/cpuinfo; exit 7", (file, "/data/lines")));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
