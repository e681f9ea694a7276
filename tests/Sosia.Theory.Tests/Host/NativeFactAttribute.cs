using System;
using System.Runtime.InteropServices;
using Xunit;

namespace Sosia.Theory.Tests.Host;

/// <summary>A fact that asks the host's processor: skipped, with the reason, where the host is not Linux on x86-64.</summary>
public sealed class NativeFactAttribute : FactAttribute
{
    public NativeFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            Skip = "The host's processor is asked: it needs Linux on x86-64.";
        }
    }
}
