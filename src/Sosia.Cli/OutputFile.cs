using System;
using System.IO;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>A file that an option asks for: it is complete or not there.</summary>
internal static class OutputFile
{
    /// <summary>Refuses, before long work, a file that cannot be written at its end.</summary>
    /// <param name="option">The option's name.</param>
    /// <param name="path">The file.</param>
    /// <returns>The file.</returns>
    public static string Check(string option, string path)
    {
        if (path.Length == 0)
        {
            throw new SosiaException($"The file of {option} has no name; name one.");
        }

        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        return Directory.Exists(path)
            ? throw new SosiaException($"The file '{path}' of {option} is a directory; name a file.")
            : folder is null || !Directory.Exists(folder)
                ? throw new SosiaException($"The directory of the file '{path}' of {option} does not exist; create it or name another file.")
                : path;
    }

    /// <summary>Writes a text under another name first.</summary>
    /// <param name="option">The option's name.</param>
    /// <param name="path">The file.</param>
    /// <param name="text">The text.</param>
    public static void Write(string option, string path, string text) => Write(option, path, writer => writer.Write(text));

    /// <summary>Writes a text under another name first.</summary>
    /// <param name="option">The option's name.</param>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the text.</param>
    public static void Write(string option, string path, Action<TextWriter> write) => WriteBytes(option, path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        write(writer);
    });

    /// <summary>Writes under another name first.</summary>
    /// <param name="option">The option's name.</param>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the bytes.</param>
    public static void WriteBytes(string option, string path, Action<Stream> write)
    {
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (FileStream stream = File.Create(temporary))
            {
                write(stream);
            }

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
