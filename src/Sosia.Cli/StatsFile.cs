using System.Text.Json;
using System.Text.Json.Serialization;
using Sosia.Control;

namespace Sosia.Cli;

/// <summary>Writes the figures of a run.</summary>
internal static partial class StatsFile
{
    /// <summary>Refuses, before the guest runs for an hour, a file that cannot be written at its end.</summary>
    public static string Check(string path) => OutputFile.Check("--stats", path);

    /// <summary>Writes the figures: the file is complete or not there.</summary>
    public static void Write(string path, MachineStats stats)
        => OutputFile.Write("--stats", path, JsonSerializer.Serialize(stats, StatsJsonContext.Default.MachineStats) + "\n");

    [JsonSourceGenerationOptions(WriteIndented = true)]
    [JsonSerializable(typeof(MachineStats))]
    private sealed partial class StatsJsonContext : JsonSerializerContext;
}
