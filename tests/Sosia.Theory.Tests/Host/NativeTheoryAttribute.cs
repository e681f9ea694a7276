using System;
using System.Runtime.InteropServices;
using Xunit;

namespace Sosia.Theory.Tests.Host;

/// <summary>A theory that asks the host's processor: skipped, with the reason, where the host is not Linux on x86-64.</summary>
public sealed class NativeTheoryAttribute : TheoryAttribute
{
    public NativeTheoryAttribute()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            Skip = "The host's processor is asked: it needs Linux on x86-64.";
        }
    }
}
