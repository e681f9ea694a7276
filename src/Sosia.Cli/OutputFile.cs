using System;
using System.IO;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>Writes files that are complete or not there.</summary>
internal static class OutputFile
{
    /// <summary>Refuses, before the guest runs for an hour, a file that cannot be written at its end.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file.</param>
    public static string Check(string option, string path)
    {
        string? folder = path.Length == 0 ? null : Path.GetDirectoryName(Path.GetFullPath(path));
        return Directory.Exists(path)
            ? throw new SosiaException($"The file '{path}' of {option} is a directory; name a file.")
            : folder is null || !Directory.Exists(folder)
                ? throw new SosiaException($"The directory of the file '{path}' of {option} does not exist; create it or name another file.")
                : path;
    }

    /// <summary>Writes a text under another name first: the file is complete or not there.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file.</param>
    /// <param name="text">What it is to hold.</param>
    public static void Write(string option, string path, string text)
    {
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, text);
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The file '{path}' of {option} cannot be written ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
        finally
        {
            // Only there if something failed.
            File.Delete(temporary);
        }
    }
}
