using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Sosia.Core;
using Sosia.Host.Linux.Files;
using Sosia.Images.Raw;

namespace Sosia.Images.Fat;

/// <summary>
/// A folder of the host as a disk with a FAT file system, for reading and writing. What the guest writes is kept in a temporary file; at each of its flushes,
/// and at the end, the folder is brought to the state of the guest's file system if that is consistent (<see cref="FatWriteBack"/>). What cannot be brought back
/// until the end is kept as a disk image beside the folder.
/// </summary>
internal sealed class FatFolderDisk : DiskImage
{
    // A file allocation table of 16 MiB, in memory while it is examined.
    private const uint MaxClusterCount = 4 << 20;
    private const ulong MinFreeByteCount = 512 << 20;
    private const int CopyByteCount = 1 << 20;
    private const int MaxRescueNumber = 1000;

    private readonly HostDirectory _directory;
    private readonly FatFolderImage _below;
    private readonly OverlayBackend _disk;
    private readonly BitArray _written;
    private readonly ulong _dataStart;
    private bool _hasChanges;
    private string? _failureText;
    private string? _workFailure;

    private FatFolderDisk(HostDirectory directory, FatFolderImage below)
    {
        _directory = directory;
        _below = below;
        _disk = OverlayBackend.Create(below);
        _written = new BitArray((int)(below.Layout.ClusterCount + FatLayout.FirstDataCluster));
        _dataStart = below.Layout.PlaceOf(FatLayout.FirstDataCluster);
    }

    public override string Path => _below.Path;

    public override ImageFormat Format => ImageFormat.Fat;

    public override ulong ByteCount => _below.ByteCount;

    public override bool IsReadOnly => false;

    public override string? FailureText => _failureText;

    public override bool IsReproducible => false;

    /// <summary>Shows a folder and locks it against other machines that would write to it.</summary>
    /// <exception cref="SosiaException">It cannot be read, written, locked or shown.</exception>
    public static FatFolderDisk Open(string folder)
    {
        HostDirectory? directory = HostDirectory.TryOpen(folder, out int error);
        if (directory is null)
        {
            throw new SosiaException(error is HostError.NoEntry or HostError.NotDirectory
                ? $"The folder '{folder}' of a FAT disk does not exist; check the path."
                : $"The folder '{folder}' of a FAT disk cannot be opened ({HostError.Describe(error)}); check its permissions.");
        }

        try
        {
            if (directory.TryLock() == HostError.WouldBlock)
            {
                throw new SosiaException($"The folder '{folder}' is written to by another virtual machine; stop that one, or show the folder read-only: fat:{folder},readonly.");
            }

            RequireWritable(directory, folder);
            List<FatNode> all = [];
            List<(FatNode Folder, string Name)> leftOver = [];
            FatScanner.Scan(folder, all, leftOver);
            RemoveLeftOver(directory, leftOver);
            ulong total = 0;
            all.ForEach(node => total += node.ByteCount);
            FatFolderImage below = FatFolderImage.Make(all, Math.Max(MinFreeByteCount, total / 2));
            Check(below, all);
            return new FatFolderDisk(directory, below);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    public override BlockResult Read(ulong byteOffset, Span<byte> destination) => _disk.Read(byteOffset, destination);

    public override BlockResult Write(ulong byteOffset, ReadOnlySpan<byte> source)
    {
        Touch(byteOffset, (ulong)source.Length);
        return _disk.Write(byteOffset, source);
    }

    public override BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        Touch(byteOffset, byteCount);
        return _disk.Discard(byteOffset, byteCount);
    }

    public override BlockResult WriteZeroes(ulong byteOffset, ulong byteCount, bool mayUnmap)
    {
        Touch(byteOffset, byteCount);
        return _disk.WriteZeroes(byteOffset, byteCount, mayUnmap);
    }

    /// <summary>Brings the folder to the state of the guest's file system; in the middle of a change of the guest's, that waits for a later flush.</summary>
    public override BlockResult Flush()
    {
        BlockResult result = WriteBack(out string? inconsistency);
        return inconsistency is null ? result : BlockResult.Ok;
    }

    public override BlockResult FlushLast()
    {
        BlockResult result = WriteBack(out string? inconsistency);
        if (result == BlockResult.Ok && inconsistency is null)
        {
            return result;
        }

        string why = inconsistency is null ? _workFailure ?? result.ToString() : $"the guest's file system is not consistent ({inconsistency})";
        _failureText = $"Not all that the guest wrote is in the folder '{Path}': {why}. {Rescue()}";
        return result == BlockResult.Ok ? BlockResult.Corrupt : result;
    }

    public override BlockResult Locate(ulong byteOffset, ulong maxByteCount, out ImageExtent extent)
    {
        extent = new ImageExtent(maxByteCount, false);
        return BlockResult.Ok;
    }

    public override ImageInfo Describe() => _below.Describe();

    public override ImageCheck Check(bool repair) => _below.Check(repair);

    public override void Resize(ulong byteCount) => _below.Resize(byteCount);

    protected override void Dispose(bool disposing)
    {
        _disk.Dispose();
        _directory.Dispose();
    }

    // The lock says that nobody is at work on them.
    private static void RemoveLeftOver(HostDirectory directory, List<(FatNode Folder, string Name)> leftOver)
    {
        foreach ((FatNode folder, string name) in leftOver)
        {
            using HostDirectory? opened = FatHostFolder.TryOpen(directory, folder, out _);
            opened?.Remove(name, isDirectory: false);
        }
    }

    // Better now than at the guest's first flush.
    private static void RequireWritable(HostDirectory directory, string folder)
    {
        string name = FatTemporaryName.Make();
        using HostFile? file = directory.TryCreateFile(name, out int error);
        if (file is null)
        {
            throw new SosiaException($"The folder '{folder}' cannot be written to ({HostError.Describe(error)}); change its permissions, or show it read-only: fat:{folder},readonly.");
        }

        directory.Remove(name, isDirectory: false);
    }

    private static void Check(FatFolderImage image, List<FatNode> all)
    {
        if (image.Layout.ClusterCount > MaxClusterCount)
        {
            image.Dispose();
            throw new SosiaException($"The folder '{image.Path}' holds more than can be written to as a FAT disk; choose a smaller one, or show it read-only: fat:{image.Path},readonly.");
        }

        foreach (FatNode folder in all)
        {
            HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
            foreach (FatNode child in folder.Children ?? [])
            {
                if (!names.Add(child.Name) || !FatNames.IsUsable(child.Name))
                {
                    image.Dispose();
                    throw new SosiaException($"The name of '{child.Path}' cannot be written back from a FAT disk, which does not tell small letters from capitals and has no backslashes; rename it, or show the folder read-only.");
                }
            }
        }
    }

    private void Touch(ulong byteOffset, ulong byteCount)
    {
        if (byteCount == 0 || !Contains(byteOffset, byteCount))
        {
            return;
        }

        _hasChanges = true;
        ulong end = byteOffset + byteCount;
        if (end > _dataStart)
        {
            ulong clusterByteCount = (ulong)_below.Layout.ClusterByteCount;
            int last = (int)((end - 1 - _dataStart) / clusterByteCount);
            for (int index = byteOffset <= _dataStart ? 0 : (int)((byteOffset - _dataStart) / clusterByteCount); index <= last; index++)
            {
                _written[index + (int)FatLayout.FirstDataCluster] = true;
            }
        }
    }

    private BlockResult WriteBack(out string? inconsistency)
    {
        inconsistency = null;
        _failureText = null;
        _workFailure = null;
        if (!_hasChanges)
        {
            return BlockResult.Ok;
        }

        BlockResult result = FatVolume.Read(_disk, _below.Layout, out FatEntry? root, out inconsistency);
        if (result != BlockResult.Ok || root is null)
        {
            return result;
        }

        var work = new FatWriteBack(_directory, _below, _disk, _written);
        result = work.Run(root);
        _workFailure = work.FailureText;
        _failureText = work.FailureText is null ? null : $"The folder '{Path}' could not be brought to the state of the guest's disk: {work.FailureText}.";
        _hasChanges = result != BlockResult.Ok;
        return result;
    }

    // The disk as the guest left it: nothing that it wrote is lost.
    private string Rescue()
    {
        string folder = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path));
        int error = HostError.None;
        for (int number = 1; number <= MaxRescueNumber; number++)
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"{folder}.unsaved-{number}.img");
            using HostFile? file = HostFile.TryCreate(path, out error);
            if (file is not null)
            {
                BlockResult result = CopyTo(file);
                if (result == BlockResult.Ok)
                {
                    return $"The disk as the guest left it is kept in '{path}': look at it with mtools or a loop device, copy what is wanted, and delete it.";
                }

                File.Delete(path);
                return $"The disk as the guest left it could not be kept in '{path}' either ({result}).";
            }

            if (error != HostError.Exists)
            {
                break;
            }
        }

        return $"The disk as the guest left it could not be kept beside the folder either ({HostError.Describe(error)}).";
    }

    private BlockResult CopyTo(HostFile file)
    {
        byte[] buffer = new byte[CopyByteCount];
        BlockResult result = ImageErrors.Translate(file.SetByteCount(ByteCount));
        for (ulong position = 0; position < ByteCount && result == BlockResult.Ok; position += CopyByteCount)
        {
            Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(CopyByteCount, ByteCount - position));
            if (_disk.Read(position, piece) != BlockResult.Ok)
            {
                // A file that has vanished from the host meanwhile must not cost the rest.
                piece.Clear();
            }

            if (piece.ContainsAnyExcept((byte)0))
            {
                result = ImageErrors.Translate(file.Write(position, piece));
            }
        }

        return result == BlockResult.Ok ? ImageErrors.Translate(file.FlushData()) : result;
    }
}
