using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Fat;

/// <summary>
/// Brings a folder of the host to the state of a guest's consistent file system. Each file changes in one step: its new contents have a temporary name until
/// they are whole and durable. Nothing is overwritten, moved or removed that is not as it was when the machine saw it last, and no name leads out of the folder.
/// What is done stays done when the host fails in the middle, and the rest can be tried again.
/// </summary>
internal sealed class FatWriteBack(HostDirectory directory, FatFolderImage below, IBlockBackend disk, BitArray written)
{
    private const int MaxCopyByteCount = 1 << 20;

    private readonly HashSet<FatNode> _matched = [];
    private readonly List<FatEntry> _unmatched = [];
    private readonly HashSet<FatNode> _touched = [];
    private readonly BitArray _inUse = new(written.Length);
    private readonly byte[] _buffer = new byte[Math.Max(MaxCopyByteCount, below.Layout.ClusterByteCount)];

    /// <summary>What stood in the way, in words; null when nothing did.</summary>
    public string? FailureText { get; private set; }

    /// <summary>Does it.</summary>
    public BlockResult Run(FatEntry guestRoot)
    {
        MatchByName(below.Root, guestRoot);
        MatchByCluster();
        List<FatEntry> pending = [];
        Collect(guestRoot, pending);
        List<FatNode> removed = [];
        CollectRemoved(below.Root, removed);

        // What frees a name comes before what takes it, and removals come last unless a name is wanted.
        BlockResult result = BlockResult.Ok;
        bool progresses = true;
        while (result == BlockResult.Ok && progresses && (pending.Count != 0 || removed.Count != 0))
        {
            progresses = false;
            for (int i = 0; i < pending.Count && result == BlockResult.Ok;)
            {
                if (CanTakeItsName(pending[i]))
                {
                    result = Bring(pending[i]);
                    pending.RemoveAt(i);
                    progresses = true;
                }
                else
                {
                    i++;
                }
            }

            if (!progresses && result == BlockResult.Ok && removed.Count != 0)
            {
                foreach (FatNode node in removed)
                {
                    result = result == BlockResult.Ok ? Remove(node) : result;
                }

                removed.Clear();
                progresses = true;
            }
        }

        if (result == BlockResult.Ok && pending.Count != 0)
        {
            result = Fail($"'{pending[0].Path}' has changed places with something else; rename it in two steps in the guest", BlockResult.HostError);
        }

        // Also after a failure: what was done is to stay.
        BlockResult flushed = FlushFolders();
        return result == BlockResult.Ok ? flushed : result;
    }

    private void MatchByName(FatNode node, FatEntry entry)
    {
        entry.Node = node;
        _matched.Add(node);
        if (!entry.IsFolder)
        {
            return;
        }

        Dictionary<string, FatNode> children = new(StringComparer.OrdinalIgnoreCase);
        node.Children!.ForEach(child => children.TryAdd(child.Name, child));
        foreach (FatEntry child in entry.Children!)
        {
            if (children.TryGetValue(child.Name, out FatNode? same) && same.IsFolder == child.IsFolder && !_matched.Contains(same))
            {
                MatchByName(same, child);
            }
            else
            {
                _unmatched.Add(child);
            }
        }
    }

    // What was moved or renamed still has its clusters, unwritten.
    private void MatchByCluster()
    {
        Dictionary<uint, FatNode> byCluster = [];
        CollectClusters(below.Root, byCluster);
        for (int i = 0; i < _unmatched.Count; i++)
        {
            FatEntry entry = _unmatched[i];
            if (entry.FirstCluster != 0 && byCluster.TryGetValue(entry.FirstCluster, out FatNode? node) && !_matched.Contains(node)
                && node.IsFolder == entry.IsFolder && (entry.IsFolder || HasSameContents(node, entry)))
            {
                MatchByName(node, entry);
            }
            else if (entry.IsFolder)
            {
                _unmatched.AddRange(entry.Children!);
            }
        }
    }

    private static void CollectClusters(FatNode folder, Dictionary<uint, FatNode> byCluster)
    {
        foreach (FatNode child in folder.Children!)
        {
            if ((child.MovedTo ?? child.FirstCluster) is not 0 and uint cluster)
            {
                byCluster.TryAdd(cluster, child);
            }

            if (child.IsFolder)
            {
                CollectClusters(child, byCluster);
            }
        }
    }

    private bool HasSameContents(FatNode node, FatEntry entry)
    {
        uint count = node.Clusters is { } clusters ? (uint)clusters.Length : node.ClusterCount;
        if (node.ByteCount != entry.ByteCount || count != entry.Clusters.Length)
        {
            return false;
        }

        for (int i = 0; i < entry.Clusters.Length; i++)
        {
            uint cluster = node.Clusters?[i] ?? node.FirstCluster + (uint)i;
            if (cluster != entry.Clusters[i] || written[(int)cluster])
            {
                return false;
            }
        }

        return true;
    }

    private void Collect(FatEntry folder, List<FatEntry> pending)
    {
        foreach (FatEntry child in folder.Children!)
        {
            Array.ForEach(child.Clusters, cluster => _inUse[(int)cluster] = true);
            FatNode? node = child.Node;
            if (node is null || !IsInPlace(node, child) || (!child.IsFolder && !HasSameContents(node, child)))
            {
                pending.Add(child);
            }

            if (node is not null && child.IsFolder)
            {
                node.MovedTo = child.FirstCluster;
            }

            if (child.IsFolder)
            {
                Collect(child, pending);
            }
        }
    }

    private void CollectRemoved(FatNode folder, List<FatNode> removed)
    {
        foreach (FatNode child in folder.Children!)
        {
            if (child.IsFolder)
            {
                CollectRemoved(child, removed);
            }

            if (!_matched.Contains(child))
            {
                removed.Add(child);
            }
        }
    }

    private static bool IsInPlace(FatNode node, FatEntry entry) => node.Parent == entry.Parent!.Node && node.Name == entry.Name;

    private static bool CanTakeItsName(FatEntry entry)
        => entry.Parent!.Node is { } parent
            && !parent.Children!.Any(child => child != entry.Node && string.Equals(child.Name, entry.Name, StringComparison.OrdinalIgnoreCase))
            && !IsBelow(parent, entry.Node);

    // A folder cannot be moved into itself: what it is to be in must have come out of it first.
    private static bool IsBelow(FatNode? folder, FatNode? above)
    {
        for (; folder is not null && above is not null; folder = folder.Parent)
        {
            if (folder == above)
            {
                return true;
            }
        }

        return false;
    }

    private BlockResult Bring(FatEntry entry)
    {
        if (entry.Node is null)
        {
            return entry.IsFolder ? CreateFolder(entry) : WriteFile(entry);
        }

        BlockResult result = IsInPlace(entry.Node, entry) ? BlockResult.Ok : Move(entry.Node, entry.Parent!.Node!, entry.Name);
        return result != BlockResult.Ok || entry.IsFolder || HasSameContents(entry.Node, entry) ? result : WriteFile(entry);
    }

    private BlockResult CreateFolder(FatEntry entry)
    {
        FatNode parent = entry.Parent!.Node!;
        using HostDirectory? folder = Open(parent, out BlockResult result);
        if (folder is null)
        {
            return result;
        }

        int error = folder.CreateDirectory(entry.Name);
        if (error != HostError.None)
        {
            return FailHost(error, $"the folder '{entry.Path}' cannot be created");
        }

        entry.Node = new FatNode { Name = entry.Name, Parent = parent, Modified = default, Children = [], FirstCluster = entry.FirstCluster };
        parent.Children!.Add(entry.Node);
        _touched.Add(parent);
        return BlockResult.Ok;
    }

    private BlockResult Move(FatNode node, FatNode target, string name)
    {
        using HostDirectory? from = Open(node.Parent!, out BlockResult result);
        using HostDirectory? to = from is null ? null : Open(target, out result);
        if (from is null || to is null || !IsAsSeen(from, node, out result))
        {
            return result;
        }

        int error = from.Rename(node.Name, to, name, replaces: false);
        if (error != HostError.None)
        {
            return FailHost(error, $"'{node.Path}' cannot be renamed to '{name}'");
        }

        _touched.Add(node.Parent!);
        _touched.Add(target);
        node.Parent!.Children!.Remove(node);
        node.Parent = target;
        node.Name = name;
        target.Children!.Add(node);
        return BlockResult.Ok;
    }

    private BlockResult Remove(FatNode node)
    {
        FatNode parent = node.Parent!;
        using HostDirectory? folder = Open(parent, out BlockResult result);
        if (folder is null || !IsAsSeen(folder, node, out result) || !Keep(node, out result))
        {
            return result;
        }

        int error = folder.Remove(node.Name, node.IsFolder);
        // A folder that holds what the guest cannot see – links, special files – stays for their sake.
        if (error != HostError.None && !(node.IsFolder && error is HostError.NotEmpty or HostError.Exists))
        {
            return FailHost(error, $"'{node.Path}' cannot be removed");
        }

        parent.Children!.Remove(node);
        _touched.Add(parent);
        _touched.Remove(node);
        return BlockResult.Ok;
    }

    private BlockResult WriteFile(FatEntry entry)
    {
        FatNode parent = entry.Parent!.Node!;
        using HostDirectory? folder = Open(parent, out BlockResult result);
        if (folder is null || (entry.Node is not null && !IsAsSeen(folder, entry.Node, out result)))
        {
            return result;
        }

        string temporary = FatTemporaryName.Make();
        using HostFile? file = folder.TryCreateFile(temporary, out int error);
        if (file is null)
        {
            return FailHost(error, $"'{entry.Path}' cannot be written");
        }

        result = Fill(file, entry, out HostFileStatus status);
        if (result == BlockResult.Ok && (entry.Node is null || Keep(entry.Node, out result)))
        {
            error = folder.Rename(temporary, folder, entry.Name, replaces: entry.Node is not null);
            result = error == HostError.None ? result : FailHost(error, $"'{entry.Path}' cannot be written");
        }

        if (result != BlockResult.Ok)
        {
            folder.Remove(temporary, isDirectory: false);
            return result;
        }

        // The old one goes on as a part of the disk below.
        parent.Children!.RemoveAll(child => child == entry.Node);
        entry.Node = new FatNode
        {
            Name = entry.Name,
            Parent = parent,
            Modified = default,
            ByteCount = entry.ByteCount,
            FirstCluster = entry.FirstCluster,
            Clusters = entry.Clusters,
            Status = status,
        };
        parent.Children.Add(entry.Node);
        Array.ForEach(entry.Clusters, cluster => written[(int)cluster] = false);
        _touched.Add(parent);
        return BlockResult.Ok;
    }

    private BlockResult Fill(HostFile file, FatEntry entry, out HostFileStatus status)
    {
        status = default;
        uint left = entry.ByteCount;
        ulong position = 0;
        for (int i = 0; i < entry.Clusters.Length;)
        {
            // As many clusters as follow each other, in one piece.
            int count = 1;
            int most = _buffer.Length / below.Layout.ClusterByteCount;
            while (count < most && i + count < entry.Clusters.Length && entry.Clusters[i + count] == entry.Clusters[i] + count)
            {
                count++;
            }

            Span<byte> piece = _buffer.AsSpan(0, (int)Math.Min(left, (uint)(count * below.Layout.ClusterByteCount)));
            BlockResult result = disk.Read(below.Layout.PlaceOf(entry.Clusters[i]), piece);
            if (result != BlockResult.Ok)
            {
                return Fail($"'{entry.Path}' cannot be read from the guest's disk ({result})", result);
            }

            int writeError = file.Write(position, piece);
            if (writeError != HostError.None)
            {
                return FailHost(writeError, $"'{entry.Path}' cannot be written");
            }

            position += (ulong)piece.Length;
            left -= (uint)piece.Length;
            i += count;
        }

        if (entry.Node is not null)
        {
            // Not every file system has permissions.
            file.SetPermissions(entry.Node.Status.Permissions);
        }

        if (entry.ModifiedSeconds is { } modified)
        {
            file.SetModified(modified);
        }

        int error = file.FlushData();
        error = error == HostError.None ? file.TryGetStatus(out status) : error;
        return error == HostError.None ? BlockResult.Ok : FailHost(error, $"'{entry.Path}' cannot be written");
    }

    // False when somebody on the host has changed, replaced or removed what the guest is about to.
    private bool IsAsSeen(HostDirectory folder, FatNode node, out BlockResult result)
    {
        int error = folder.TryGetStatus(node.Name, out HostFileStatus status);
        bool isSame = error == HostError.None && (node.IsFolder ? status.Kind == HostFileKind.Directory : status with { Permissions = node.Status.Permissions } == node.Status);
        result = isSame ? BlockResult.Ok : Fail($"'{node.Path}' was changed on the host meanwhile", BlockResult.HostError);
        return isSame;
    }

    // The disk goes on reading what the guest has not written from the file that is about to go, if some file of the guest's has its clusters.
    private bool Keep(FatNode node, out BlockResult result)
    {
        result = BlockResult.Ok;
        bool isUsed = false;
        for (uint i = 0; i < node.ClusterCount && !node.IsFolder; i++)
        {
            isUsed |= _inUse[(int)(node.FirstCluster + i)];
        }

        node.IsGone = !isUsed;
        if (isUsed && !below.Keep(node))
        {
            result = Fail($"'{node.Path}' was changed on the host meanwhile", BlockResult.HostError);
        }

        return result == BlockResult.Ok;
    }

    private HostDirectory? Open(FatNode folder, out BlockResult result)
    {
        HostDirectory? opened = FatHostFolder.TryOpen(directory, folder, out int error);
        result = opened is null ? FailHost(error, $"the folder '{folder.Path}' cannot be opened") : BlockResult.Ok;
        return opened;
    }

    private BlockResult FlushFolders()
    {
        BlockResult result = BlockResult.Ok;
        foreach (FatNode folder in _touched)
        {
            using HostDirectory? opened = Open(folder, out result);
            int error = opened?.Flush() ?? HostError.None;
            result = error == HostError.None || result != BlockResult.Ok ? result : FailHost(error, $"the folder '{folder.Path}' cannot be written");
        }

        return result;
    }

    private BlockResult FailHost(int error, string what) => Fail($"{what} ({HostError.Describe(error)})", ImageErrors.Translate(error));

    private BlockResult Fail(string what, BlockResult result)
    {
        FailureText ??= what;
        return result;
    }
}
