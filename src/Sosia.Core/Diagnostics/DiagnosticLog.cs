using System.Collections.Generic;
using System.IO;

namespace Sosia.Core.Diagnostics;

/// <summary>
/// Where devices and buses report what the guest does wrong. Never fatal: every report is counted per source, and only the first few
/// of each source are written out, so that a hostile guest can neither flood the log nor slow the machine.
/// </summary>
public sealed class DiagnosticLog
{
    private const int MaxMessagesPerSource = 10;

    private readonly Dictionary<string, long> _counts = [];
    private readonly HashSet<uint> _portsSeen = [];
    private readonly HashSet<ulong> _pagesSeen = [];

    /// <summary>Where messages go; null (the default) keeps them silent, counting only.</summary>
    public TextWriter? Output { get; set; }

    /// <summary>Misuse counts by source.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>The guest misused a device.</summary>
    /// <param name="source">The device.</param>
    /// <param name="what">What the guest did; constant text, so that the call allocates nothing when silent.</param>
    /// <param name="value">The offending value, shown in hexadecimal.</param>
    public void GuestMisuse(string source, string what, ulong value = 0)
    {
        lock (_counts)
        {
            _counts.TryGetValue(source, out long count);
            _counts[source] = count + 1;
            if (Output is not null && count < MaxMessagesPerSource)
            {
                Output.WriteLine($"{source}: {what} (0x{value:x})");
            }
        }
    }

    /// <summary>An access reached a port that nobody claims; reported once per port.</summary>
    public void UnclaimedPort(ushort port, int byteCount, bool isWrite)
    {
        if (Output is not null && _portsSeen.Add(port))
        {
            Output.WriteLine($"ports: {(isWrite ? "write to" : "read from")} unclaimed port 0x{port:x}, {byteCount} bytes");
        }
    }

    /// <summary>An access reached a guest physical address that nobody claims; reported once per page.</summary>
    public void UnclaimedAddress(ulong guestPhysical, int byteCount, bool isWrite)
    {
        if (Output is not null && _pagesSeen.Count < 1000 && _pagesSeen.Add(guestPhysical >> 12))
        {
            Output.WriteLine($"memory: {(isWrite ? "write to" : "read from")} unclaimed address 0x{guestPhysical:x}, {byteCount} bytes");
        }
    }
}
