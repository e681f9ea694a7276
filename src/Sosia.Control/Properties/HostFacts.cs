using System;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sosia.Control.Properties;

/// <summary>What a measurement's figures depend on.</summary>
/// <param name="Processor">The processor's name.</param>
/// <param name="ProcessorCount">How many of them this process may use.</param>
/// <param name="System">The operating system and its version.</param>
/// <param name="Program">How this program was compiled.</param>
public sealed record HostFacts(string Processor, int ProcessorCount, string System, string Program)
{
    /// <summary>This host's.</summary>
    public static HostFacts Find() => new(ProcessorName(), Environment.ProcessorCount, SystemName(), RuntimeInformation.FrameworkDescription + (RuntimeFeature.IsDynamicCodeCompiled ? ", compiled as it runs" : ", compiled ahead of time"));

    private static string ProcessorName()
    {
        foreach (string line in File.ReadLines("/proc/cpuinfo"))
        {
            if (line.StartsWith("model name", StringComparison.Ordinal) && line.IndexOf(':') is > 0 and var colon)
            {
                return line[(colon + 1)..].Trim();
            }
        }

        return "unknown";
    }

    private static string SystemName()
        => File.Exists("/proc/sys/kernel/osrelease") ? $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}" : RuntimeInformation.OSDescription;
}
