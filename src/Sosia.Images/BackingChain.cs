using System.Collections.Generic;
using Sosia.Core;

namespace Sosia.Images;

/// <summary>The files of one disk that are open already, from the top down: what a file below may be, and that the chain ends.</summary>
internal sealed class BackingChain
{
    private const int MaxDepth = 64;

    private readonly List<(string Path, (ulong Device, ulong Inode) Identity)> _files = [];

    /// <summary>True when the file that is opened now was recognized by its header below another one: then it may not lead to further files.</summary>
    public bool IsGuessedBelow { get; private set; }

    /// <summary>Notes a file as part of the chain.</summary>
    public void Enter(ImageFile file) => _files.Add((file.Path, file.Identity));

    /// <summary>Opens the file below one, for reading.</summary>
    /// <param name="owner">The path of the image that names it.</param>
    /// <param name="name">The name that is recorded, relative to the owner's folder.</param>
    /// <param name="format">The recorded format; null when none is.</param>
    /// <exception cref="SosiaException">It cannot be used; the message names both files.</exception>
    public DiskImage OpenBacking(string owner, string name, ImageFormat? format)
    {
        if (_files.Count >= MaxDepth)
        {
            throw new SosiaException($"The disk image '{_files[0].Path}' has more than {MaxDepth} backing files; merge some with './sosia disk convert'.");
        }

        if (IsGuessedBelow)
        {
            throw new SosiaException($"The backing file '{owner}' names a backing file itself, but the image above it does not record its format; record it (qemu-img rebase -u -F), since a raw disk's guest could have written such a header.");
        }

        string path = ImagePaths.Resolve(owner, name);
        string? identityOwner = Find(path);
        if (identityOwner is not null)
        {
            throw new SosiaException($"The disk image '{owner}' has itself in its chain of backing files ('{path}' is '{identityOwner}'); correct the names of the backing files.");
        }

        bool outer = IsGuessedBelow;
        try
        {
            IsGuessedBelow = format is null;
            return DiskImages.Open(path, new ImageOpenOptions { Format = format, IsReadOnly = true }, this);
        }
        catch (SosiaException error)
        {
            throw new SosiaException($"The backing file of '{owner}' cannot be used: {error.Message}", error.Kind, error);
        }
        finally
        {
            IsGuessedBelow = outer;
        }
    }

    // By identity, so that no other name of the same file gets through; before it is locked again.
    private string? Find(string path)
    {
        using var file = Host.Linux.Files.HostFile.TryOpen(path, writable: false, out _);
        if (file is null || file.TryGetIdentity(out (ulong, ulong) identity) != 0)
        {
            return null;
        }

        foreach ((string known, (ulong, ulong) knownIdentity) in _files)
        {
            if (knownIdentity == identity)
            {
                return known;
            }
        }

        return null;
    }
}
