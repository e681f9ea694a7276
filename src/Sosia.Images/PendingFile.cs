using System;
using System.IO;
using Sosia.Core;

namespace Sosia.Images;

/// <summary>A file that gets its name when it is whole. Until then it has another one beside it, and goes if it is not finished.</summary>
internal sealed class PendingFile : IDisposable
{
    private readonly string _path;
    private readonly bool _replace;
    private bool _isCommitted;

    /// <summary>Chooses the temporary name.</summary>
    /// <exception cref="SosiaException">The name is taken and may not be replaced, is in use, or cannot be.</exception>
    public PendingFile(string path, bool replace)
    {
        _path = path;
        _replace = replace;
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));
        if (folder is null || !Directory.Exists(folder))
        {
            throw new SosiaException($"The folder of '{path}' does not exist; create it or name another file.");
        }

        RefuseWhatIsThere();
        TemporaryPath = Path.Combine(folder, $".{Path.GetFileName(path)}.{Environment.ProcessId}.tmp");
        File.Delete(TemporaryPath);
    }

    /// <summary>The name until it is whole.</summary>
    public string TemporaryPath { get; }

    /// <summary>Gives it its name.</summary>
    public void Commit()
    {
        RefuseWhatIsThere();
        try
        {
            File.Move(TemporaryPath, _path, _replace);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The file '{_path}' cannot be written ({error.Message.TrimEnd('.')}); name another one.", FailureKind.Configuration, error);
        }

        _isCommitted = true;
    }

    public void Dispose()
    {
        if (!_isCommitted)
        {
            File.Delete(TemporaryPath);
        }
    }

    private void RefuseWhatIsThere()
    {
        var info = new FileInfo(_path);
        if (Directory.Exists(_path))
        {
            throw new SosiaException($"The file '{_path}' is a directory; name a file.");
        }

        if (!info.Exists && info.LinkTarget is null)
        {
            return;
        }

        if (!_replace)
        {
            throw new SosiaException($"The file '{_path}' exists already; name another one, or say --force to replace it.");
        }

        if (info.LinkTarget is not null || (info.Attributes & FileAttributes.Device) != 0)
        {
            throw new SosiaException($"The file '{_path}' is not a regular file, so it is not replaced; name another one.");
        }

        // In use by a machine: its file would lose its name under it. This also refuses devices and pipes.
        ImageFile.Open(_path, readOnly: false).Dispose();
    }
}
