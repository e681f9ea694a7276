namespace Sosia.Images.Qcow2;

/// <summary>The bits of L1 and L2 entries.</summary>
internal static class Qcow2Entry
{
    /// <summary>The refcount of what the entry leads to is exactly one: it may be overwritten.</summary>
    public const ulong Copied = 1UL << 63;

    /// <summary>The cluster is compressed.</summary>
    public const ulong Compressed = 1UL << 62;

    /// <summary>The cluster reads as zeros (version 3).</summary>
    public const ulong Zero = 1;

    /// <summary>Where the cluster or table is in the file.</summary>
    public const ulong OffsetMask = 0x00ff_ffff_ffff_fe00;

    /// <summary>Where the bytes of a compressed cluster begin, and how many there can be: up to the end of their last sector.</summary>
    public static (ulong Offset, int ByteCount) DecodeCompressed(ulong entry, int clusterBits)
    {
        int shift = 62 - (clusterBits - 8);
        ulong offset = entry & ((1UL << shift) - 1);
        int sectorCount = (int)((entry & (Compressed - 1)) >> shift) + 1;
        return (offset, (sectorCount * 512) - (int)(offset & 511));
    }

    public static ulong EncodeCompressed(ulong offset, int byteCount, int clusterBits)
    {
        ulong moreSectors = ((offset + (ulong)byteCount - 1) >> 9) - (offset >> 9);
        return Compressed | offset | (moreSectors << (62 - (clusterBits - 8)));
    }
}
