using System.Collections.Generic;
using System.Text.Json.Serialization;
using Sosia.Images;

namespace Sosia.Cli.Disk;

/// <summary>What the disk commands print with --json.</summary>
internal static partial class DiskReport
{
    internal sealed record Info(
        string File,
        string Format,
        ulong VirtualBytes,
        long FileBytes,
        ulong ClusterBytes,
        string? BackingFile,
        string? BackingFormat,
        IReadOnlyDictionary<string, string> Details,
        IReadOnlyList<Snapshot> Snapshots);

    internal sealed record Snapshot(string Id, string Name, string Time, ulong VirtualBytes, ulong MachineStateBytes)
    {
        public static Snapshot Of(DiskSnapshot snapshot)
            => new(snapshot.Id, snapshot.Name, snapshot.Time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture), snapshot.VirtualByteCount, snapshot.MachineStateByteCount);
    }

    internal sealed record Check(string File, string Format, long Corruptions, long Leaks, long Repaired, long Allocated, long Total, IReadOnlyList<string> Messages);

    [JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Info))]
    [JsonSerializable(typeof(Check))]
    [JsonSerializable(typeof(IReadOnlyList<Snapshot>))]
    internal sealed partial class Json : JsonSerializerContext;
}
