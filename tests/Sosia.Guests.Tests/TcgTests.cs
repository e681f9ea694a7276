using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>QEMU's own x86 test programs print the same in the guest as on the host's processor.</summary>
public abstract class TcgTests(TcgRun run)
{
    private const int ReportedLines = 20;

    [TcgTheory]
    [InlineData("32-test-i386", 4800)]
    [InlineData("64-test-x86_64", 9900)]
    [InlineData("32-fprem", 4000)]
    [InlineData("64-fprem", 4000)]
    public void Prints_what_the_host_prints(string program, int atLeast)
    {
        string[] native = run.Native[program];
        string[] guest = run.Guest[program];
        Assert.InRange(native.Length, atLeast, int.MaxValue);
        var different = new List<string>();
        for (int i = 0; i < native.Length; i++)
        {
            string line = i < guest.Length ? guest[i] : "(nothing)";
            if (line != native[i])
            {
                different.Add($"host:  {native[i]}\nguest: {line}");
            }
        }

        Assert.True(different.Count == 0, $"{different.Count} of {native.Length} lines differ:\n{string.Join('\n', different.Take(ReportedLines))}");
        Assert.Equal(native.Length, guest.Length);
    }

    // These check themselves: they print what was wrong and end with a status.
    [TcgTheory]
    [InlineData("fbstp")]
    [InlineData("fxam")]
    [InlineData("fyl2x")]
    [InlineData("fyl2xp1")]
    [InlineData("f2xm1")]
    [InlineData("fpatan")]
    [InlineData("fscale")]
    [InlineData("fxtract")]
    [InlineData("fisttp")]
    [InlineData("fldcst")]
    [InlineData("fp-exceptions")]
    [InlineData("pseudo-denormal")]
    [InlineData("snan-convert")]
    [InlineData("sse-exceptions")]
    [InlineData("pcmpistri")]
    [InlineData("bmi2")]
    [InlineData("sha1")]
    [InlineData("sha512")]
    [InlineData("overflow")]
    public void Finds_nothing_wrong(string program)
    {
        foreach (string bits in (ReadOnlySpan<string>)["32", "64"])
        {
            string[] guest = run.Guest[$"{bits}-{program}"];
            Assert.Equal("status 0", guest[^1]);
            Assert.Equal(run.Native[$"{bits}-{program}"], guest);
        }
    }
}
