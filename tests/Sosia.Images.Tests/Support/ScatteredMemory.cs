using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using Sosia.Host.Linux.Files;

namespace Sosia.Images.Tests.Support;

/// <summary>Memory in pieces at random places and of random sizes, as a guest's buffers are.</summary>
internal sealed unsafe class ScatteredMemory
{
    private const int Room = 2;
    private const int MaxGap = 64;

    private readonly byte[] _bytes;

    public ScatteredMemory(int byteCount)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(Room * byteCount, pinned: true);
    }

    public BlockResult Write(IBlockBackend disk, Random random, ulong byteOffset, ReadOnlySpan<byte> source)
    {
        HostSegment[] segments = Cut(random, source.Length);
        foreach (HostSegment segment in segments)
        {
            source[..segment.ByteCount].CopyTo(segment.Span);
            source = source[segment.ByteCount..];
        }

        return disk.WriteSegments(byteOffset, segments);
    }

    public BlockResult Read(IBlockBackend disk, Random random, ulong byteOffset, Span<byte> destination)
    {
        HostSegment[] segments = Cut(random, destination.Length);
        _bytes.AsSpan().Fill((byte)random.Next());
        BlockResult result = disk.ReadSegments(byteOffset, segments);
        foreach (HostSegment segment in segments)
        {
            segment.Span.CopyTo(destination);
            destination = destination[segment.ByteCount..];
        }

        return result;
    }

    private HostSegment[] Cut(Random random, int byteCount)
    {
        List<HostSegment> segments = [];
        int longest = random.Next(3) switch { 0 => 2048, 1 => 4096, _ => 256 * 1024 };
        int at = 0;
        for (int left = byteCount; left > 0;)
        {
            int length = Math.Min(left, random.Next(longest / 2, longest) + 1);
            int gap = segments.Count < _bytes.Length / Room / MaxGap ? random.Next(MaxGap) : 0;
            // SAFETY: the array is pinned, and there is room for all pieces and gaps.
            segments.Add(new HostSegment((byte*)Unsafe.AsPointer(ref _bytes[at + gap]), length));
            at += gap + length;
            left -= length;
        }

        return [.. segments];
    }
}
