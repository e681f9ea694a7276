using System;
using System.Collections.Generic;
using System.IO;
using Sosia.Core;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Fat;

/// <summary>Reads what is in a folder of the host. Symbolic links and whatever is neither file nor folder are left out.</summary>
internal static class FatScanner
{
    private const int MaxNodeCount = 100_000;
    private const int MaxDepth = 32;
    private const int MaxNameLength = 255;

    /// <summary>Reads a folder and all below it.</summary>
    /// <param name="folder">The path.</param>
    /// <param name="all">Receives every node, parents before their children, the root first.</param>
    /// <param name="leftOver">Receives the temporary files that a killed machine left, which are not shown.</param>
    /// <exception cref="SosiaException">It is no folder, or holds what cannot be shown.</exception>
    public static FatNode Scan(string folder, List<FatNode> all, List<(FatNode Folder, string Name)>? leftOver = null)
    {
        if (!Directory.Exists(folder))
        {
            throw new SosiaException($"The folder '{folder}' of a FAT disk does not exist; check the path.");
        }

        var root = new FatNode { Name = folder, Modified = Directory.GetLastWriteTime(folder), Children = [] };
        all.Add(root);
        try
        {
            Scan(root, all, leftOver, 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The folder '{folder}' of a FAT disk cannot be read ({error.Message.TrimEnd('.')}); check its permissions.", FailureKind.Configuration, error);
        }

        return root;
    }

    private static void Scan(FatNode folder, List<FatNode> all, List<(FatNode Folder, string Name)>? leftOver, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new SosiaException($"The folder '{folder.Path}' is nested more than {MaxDepth} deep, which is too much for a FAT disk; move its contents up.");
        }

        FileSystemInfo[] infos = new DirectoryInfo(folder.Path).GetFileSystemInfos();
        Array.Sort(infos, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        foreach (FileSystemInfo info in infos)
        {
            if (all.Count >= MaxNodeCount)
            {
                throw new SosiaException($"The folder '{all[0].Path}' holds more than {MaxNodeCount} files, which is too many for a FAT disk; choose a smaller one.");
            }

            if (FatTemporaryName.IsOne(info.Name))
            {
                leftOver?.Add((folder, info.Name));
                continue;
            }

            FatNode? node = info.LinkTarget is not null ? null : info is DirectoryInfo ? MakeFolder(folder, info) : MakeFile(folder, info);
            if (node is null)
            {
                continue;
            }

            CheckName(info);
            folder.Children!.Add(node);
            all.Add(node);
            if (node.IsFolder)
            {
                Scan(node, all, leftOver, depth + 1);
            }
        }
    }

    private static FatNode MakeFolder(FatNode parent, FileSystemInfo info)
        => new() { Name = info.Name, Modified = info.LastWriteTime, Parent = parent, Children = [] };

    private static FatNode? MakeFile(FatNode parent, FileSystemInfo info)
    {
        using HostFile? file = HostFile.TryOpenNoFollow(info.FullName, writable: false, out int error);
        if (file is null)
        {
            throw new SosiaException($"The file '{info.FullName}' of a FAT disk cannot be read ({HostError.Describe(error)}); change its permissions, or move it away.");
        }

        if (file.Kind != HostFileKind.Regular || file.TryGetStatus(out HostFileStatus status) != HostError.None)
        {
            return null;
        }

        return status.ByteCount <= uint.MaxValue
            ? new FatNode { Name = info.Name, Modified = info.LastWriteTime, Parent = parent, ByteCount = (uint)status.ByteCount, Status = status }
            : throw new SosiaException($"The file '{info.FullName}' has {status.ByteCount} bytes; a FAT file system holds files of up to 4 GiB less one byte.");
    }

    private static void CheckName(FileSystemInfo info)
    {
        if (info.Name.Length > MaxNameLength || info.Name.AsSpan().IndexOfAny("\\:*?\"<>|") >= 0 || info.Name.AsSpan().IndexOfAnyInRange('\0', '\x1f') >= 0 || info.Name[^1] is '.' or ' ')
        {
            throw new SosiaException($"The file '{info.FullName}' has a name that FAT cannot hold; rename it.");
        }
    }
}
