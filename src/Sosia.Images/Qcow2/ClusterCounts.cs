using System;
using System.Collections.Generic;

namespace Sosia.Images.Qcow2;

/// <summary>How often each cluster of a file is referred to: counted, in pages that exist only where something is.</summary>
internal sealed class ClusterCounts
{
    private const int PageBits = 10;
    private const int MaxPageCount = (512 << 20) >> (PageBits + 1);

    private readonly Dictionary<ulong, ushort[]> _pages = [];
    private ushort[]? _last;
    private ulong _lastIndex = ulong.MaxValue;

    /// <summary>False when the file is larger than can be examined in a bounded amount of memory.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>One behind the last cluster that is referred to.</summary>
    public ulong End { get; private set; }

    /// <summary>Counts one more reference; the count stays at its maximum of 65535.</summary>
    /// <returns>The references so far, this one included.</returns>
    public int Increment(ulong cluster)
    {
        ushort[]? page = Find(cluster >> PageBits, create: true);
        if (page is null)
        {
            return 0;
        }

        End = Math.Max(End, cluster + 1);
        ref ushort count = ref page[cluster & ((1 << PageBits) - 1)];
        count = (ushort)Math.Min(count + 1, ushort.MaxValue);
        return count;
    }

    public int Get(ulong cluster) => Find(cluster >> PageBits, create: false)?[cluster & ((1 << PageBits) - 1)] ?? 0;

    /// <summary>All clusters that are referred to, in ascending order.</summary>
    public IEnumerable<ulong> UsedClusters()
    {
        List<ulong> indices = [.. _pages.Keys];
        indices.Sort();
        foreach (ulong index in indices)
        {
            ushort[] page = _pages[index];
            for (int i = 0; i < page.Length; i++)
            {
                if (page[i] != 0)
                {
                    yield return (index << PageBits) + (ulong)i;
                }
            }
        }
    }

    private ushort[]? Find(ulong index, bool create)
    {
        if (_lastIndex == index)
        {
            return _last;
        }

        if (!_pages.TryGetValue(index, out ushort[]? page))
        {
            if (!create || _pages.Count >= MaxPageCount)
            {
                IsComplete &= !create;
                return null;
            }

            page = new ushort[1 << PageBits];
            _pages.Add(index, page);
        }

        _last = page;
        _lastIndex = index;
        return page;
    }
}
