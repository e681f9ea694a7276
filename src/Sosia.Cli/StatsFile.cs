using System;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sosia.Control;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>Writes the figures of a run.</summary>
internal static partial class StatsFile
{
    /// <summary>Refuses, before the guest runs for an hour, a file that cannot be written at its end.</summary>
    public static string Check(string path)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        return Directory.Exists(path)
            ? throw new SosiaException($"The file '{path}' of --stats is a directory; name a file.")
            : folder is null || !Directory.Exists(folder)
                ? throw new SosiaException($"The directory of the file '{path}' of --stats does not exist; create it or name another file.")
                : path;
    }

    /// <summary>Writes the figures under another name first: the file is complete or not there.</summary>
    public static void Write(string path, MachineStats stats)
    {
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, JsonSerializer.Serialize(stats, StatsJsonContext.Default.MachineStats) + "\n");
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The file '{path}' of --stats cannot be written ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
        finally
        {
            // Only there if something failed.
            File.Delete(temporary);
        }
    }

    [JsonSourceGenerationOptions(WriteIndented = true)]
    [JsonSerializable(typeof(MachineStats))]
    private sealed partial class StatsJsonContext : JsonSerializerContext;
}
