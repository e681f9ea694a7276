using System;
using System.IO;
using Sosia.Control;
using Sosia.Core;

namespace Sosia.Cli;

/// <summary>The files of <c>sosia run --save</c> and <c>--restore</c>: the state of a machine, without the contents of its disks.</summary>
internal static class SavedMachine
{
    /// <summary>Refuses, before the guest runs for an hour, a file that cannot be written at its end.</summary>
    public static string Check(string path) => OutputFile.Check("--save", path);

    /// <summary>Saves a machine that does not run: the file is complete or as it was.</summary>
    public static void Save(VirtualMachine vm, string path) => OutputFile.WriteBytes("--save", path, vm.Save);

    /// <summary>Puts a saved state into a machine that has not run.</summary>
    /// <exception cref="SosiaException">The file cannot be read, or is not the state of such a machine.</exception>
    public static void Restore(VirtualMachine vm, string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            vm.Restore(stream);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SosiaException($"The file '{path}' of --restore cannot be read ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }
}
