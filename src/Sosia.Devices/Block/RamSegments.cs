using System;
using Sosia.Core.Memory;
using Sosia.Host.Linux.Files;

namespace Sosia.Devices.Block;

/// <summary>Runs of guest RAM that the host moves data from or to by one call. Reused from transfer to transfer.</summary>
/// <param name="ram">Guest RAM.</param>
internal sealed unsafe class RamSegments(GuestRam ram)
{
    private const int MaxCount = 256;

    private readonly HostSegment[] _segments = new HostSegment[MaxCount];
    private readonly ulong[] _ramOffsets = new ulong[MaxCount];
    private int _count;

    /// <summary>How many bytes there are.</summary>
    public int ByteCount { get; private set; }

    /// <summary>True when nothing more can be added.</summary>
    public bool IsFull => _count == MaxCount;

    /// <summary>What the host takes.</summary>
    public ReadOnlySpan<HostSegment> Segments => _segments.AsSpan(0, _count);

    /// <summary>Empties it.</summary>
    public void Clear() => _count = ByteCount = 0;

    /// <summary>Adds a run at the end.</summary>
    /// <param name="ramOffset">Where in RAM it begins; it lies within.</param>
    /// <param name="byteCount">How long it is; at least 1.</param>
    public void Add(ulong ramOffset, int byteCount)
    {
        // SAFETY: the range lies within RAM, which does not move and lives as long as the machine.
        _segments[_count] = new HostSegment(ram.HostBase + ramOffset, byteCount);
        _ramOffsets[_count++] = ramOffset;
        ByteCount += byteCount;
    }

    /// <summary>Leaves out what is behind the last whole sector.</summary>
    public void TrimToSectors()
    {
        int excess = ByteCount % BlockDrive.SectorByteCount;
        ByteCount -= excess;
        while (excess != 0)
        {
            int byteCount = _segments[_count - 1].ByteCount;
            if (byteCount > excess)
            {
                _segments[_count - 1] = _segments[_count - 1].Slice(0, byteCount - excess);
                return;
            }

            excess -= byteCount;
            _count--;
        }
    }

    /// <summary>The guest's RAM will be written.</summary>
    public void BeforeWrite()
    {
        for (int i = 0; i < _count; i++)
        {
            ram.BeforeWrite(_ramOffsets[i], _segments[i].ByteCount);
        }
    }

    /// <summary>The guest's RAM was written.</summary>
    public void AfterWrite()
    {
        for (int i = 0; i < _count; i++)
        {
            ram.AfterWrite(_ramOffsets[i], _segments[i].ByteCount);
        }
    }
}
