using System;
using System.Buffers.Binary;

namespace Sosia.Images.Qcow2;

/// <summary>One cluster of metadata in memory: an L2 table or a refcount block.</summary>
internal sealed class CachedTable(int byteCount)
{
    // Pieces of the table that differ from the file, one bit each.
    private readonly int _pieceByteCount = Math.Max(512, byteCount / 64);

    public ulong FileOffset { get; set; }

    public byte[] Bytes { get; } = new byte[byteCount];

    public ulong DirtyPieces { get; private set; }

    public bool IsDirty => DirtyPieces != 0;

    /// <summary>Set when the table was last looked up; the smallest is the first to go.</summary>
    public long LastUse { get; set; }

    public ulong GetEntry(int index) => BinaryPrimitives.ReadUInt64BigEndian(Bytes.AsSpan(index * 8, 8));

    public void SetEntry(int index, ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Bytes.AsSpan(index * 8, 8), value);
        MarkDirty(index * 8);
    }

    public void MarkDirty(int byteOffset) => DirtyPieces |= 1UL << (byteOffset / _pieceByteCount);

    public void MarkAllDirty()
    {
        int count = Bytes.Length / _pieceByteCount;
        DirtyPieces = count == 64 ? ulong.MaxValue : (1UL << count) - 1;
    }

    public void Forget() => DirtyPieces = 0;

    /// <summary>Writes what differs from the file.</summary>
    public BlockResult WriteTo(ImageFile file)
    {
        while (DirtyPieces != 0)
        {
            int first = System.Numerics.BitOperations.TrailingZeroCount(DirtyPieces);
            int count = System.Numerics.BitOperations.TrailingZeroCount(~(DirtyPieces >> first));
            int start = first * _pieceByteCount;
            BlockResult result = file.Write(FileOffset + (ulong)start, Bytes.AsSpan(start, count * _pieceByteCount));
            if (result != BlockResult.Ok)
            {
                return result;
            }

            DirtyPieces &= count == 64 ? 0 : ~(((1UL << count) - 1) << first);
        }

        return BlockResult.Ok;
    }
}
