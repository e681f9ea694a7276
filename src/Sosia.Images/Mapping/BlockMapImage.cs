using System;
using System.Collections.Generic;
using System.Numerics;
using Sosia.Core;

namespace Sosia.Images.Mapping;

/// <summary>
/// A disk in blocks of one size with a table that says where in the file each is. New blocks are appended to the file; the table changes in memory
/// and is written when the guest flushes, after the blocks are durable: a table never leads to what is not there.
/// </summary>
internal abstract class BlockMapImage : MappedImage
{
    private readonly int _blockBits;
    private readonly string _name;

    /// <summary>Prepares an image.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The format's name.</param>
    /// <param name="blockByteCount">The size of a block; a power of two.</param>
    protected BlockMapImage(ImageFile file, string name, ulong blockByteCount)
        : base(file)
    {
        _name = name;
        _blockBits = BitOperations.Log2(blockByteCount);
    }

    protected ulong BlockByteCount => 1UL << _blockBits;

    protected ulong BlockCount => (ByteCount + BlockByteCount - 1) >> _blockBits;

    /// <summary>Set when the table in memory differs from the file.</summary>
    protected bool IsTableDirty { get; set; }

    public override BlockResult Flush()
    {
        BlockResult result = File.Flush();
        if (result != BlockResult.Ok || !IsTableDirty)
        {
            return result;
        }

        result = WriteTable();
        IsTableDirty = result != BlockResult.Ok;
        return result != BlockResult.Ok ? result : File.Flush();
    }

    public override BlockResult Discard(ulong byteOffset, ulong byteCount)
    {
        BlockResult result = CheckChange(byteOffset, byteCount);
        while (result == BlockResult.Ok && byteCount > 0)
        {
            result = Map(byteOffset, byteCount, out MappedExtent extent);
            if (result == BlockResult.Ok && extent.Kind == ExtentKind.Data)
            {
                result = File.Punch(extent.FileOffset, extent.ByteCount, out _);
            }

            byteOffset += extent.ByteCount;
            byteCount -= extent.ByteCount;
        }

        return result;
    }

    public override ImageCheck Check(bool repair)
    {
        var check = new ImageCheck { TotalCount = (long)BlockCount };
        List<(ulong Place, ulong Block)> places = [];
        foreach ((ulong block, ulong place) in Places())
        {
            check.AllocatedCount++;
            if (place < FirstPlace || place > File.ByteCount || PlaceByteCount(block) > File.ByteCount - place)
            {
                check.AddCorruption($"Block {block} of the disk is at the offset {place}, where no block can be.");
            }
            else
            {
                places.Add((place, block));
            }
        }

        places.Sort();
        for (int i = 1; i < places.Count; i++)
        {
            if (places[i].Place - places[i - 1].Place < BlockByteCount)
            {
                check.AddCorruption($"Blocks {places[i - 1].Block} and {places[i].Block} of the disk overlap in the file.");
            }
        }

        return check;
    }

    /// <summary>Where the first block may be in the file.</summary>
    protected abstract ulong FirstPlace { get; }

    /// <summary>All blocks that have a place.</summary>
    protected abstract IEnumerable<(ulong Block, ulong Place)> Places();

    /// <summary>Finds a block.</summary>
    /// <param name="block">Its number on the disk.</param>
    /// <param name="kind">What there is.</param>
    /// <param name="place">Where, for data.</param>
    protected abstract BlockResult Find(ulong block, out ExtentKind kind, out ulong place);

    /// <summary>Makes room for a block at the file's end, where everything is zeros.</summary>
    protected abstract BlockResult Append(ulong block, out ulong place);

    /// <summary>Enters a new block into the table in memory.</summary>
    protected abstract void Refer(ulong block, ulong place);

    /// <summary>Writes what has changed of the table.</summary>
    protected abstract BlockResult WriteTable();

    /// <summary>How many bytes of the file a block needs; the disk's last one may be shorter.</summary>
    protected virtual ulong PlaceByteCount(ulong block) => BlockByteCount;

    /// <summary>Refuses to write on an image whose blocks overlap or lie outside the file.</summary>
    /// <exception cref="SosiaException">They do.</exception>
    protected void RefuseDamage()
    {
        ImageCheck check = Check(repair: false);
        if (check.CorruptionCount > 0)
        {
            throw ImageErrors.Damaged(Path, _name, check.Messages[0].TrimEnd('.'));
        }
    }

    /// <summary>Appends zeros to the file; what an interrupted run left behind its last block goes first.</summary>
    protected BlockResult AppendZeros(ulong place, ulong byteCount)
    {
        BlockResult result = place < File.ByteCount ? File.SetByteCount(place) : BlockResult.Ok;
        return result != BlockResult.Ok ? result : File.SetByteCount(place + byteCount);
    }

    protected override BlockResult Map(ulong byteOffset, ulong maxByteCount, out MappedExtent extent)
    {
        ulong inBlock = byteOffset & (BlockByteCount - 1);
        ulong block = byteOffset >> _blockBits;
        BlockResult result = Find(block, out ExtentKind kind, out ulong place);
        ulong byteCount = BlockByteCount - inBlock;
        while (result == BlockResult.Ok && byteCount < maxByteCount && kind != ExtentKind.Encoded)
        {
            result = Find(++block, out ExtentKind nextKind, out ulong nextPlace);
            if (nextKind != kind || (kind == ExtentKind.Data && nextPlace != place + inBlock + byteCount))
            {
                break;
            }

            byteCount += BlockByteCount;
        }

        extent = new MappedExtent(kind, place + inBlock, Math.Min(byteCount, maxByteCount));
        return result;
    }

    protected override BlockResult WriteNew(ulong byteOffset, ReadOnlySpan<byte> source, ExtentKind kind, out int written)
    {
        ulong inBlock = byteOffset & (BlockByteCount - 1);
        written = (int)Math.Min((ulong)source.Length, BlockByteCount - inBlock);
        ulong block = byteOffset >> _blockBits;
        BlockResult result = Append(block, out ulong place);
        result = result != BlockResult.Ok ? result : File.Write(place + inBlock, source[..written]);
        if (result == BlockResult.Ok)
        {
            Refer(block, place);
            IsTableDirty = true;
        }

        return result;
    }

    protected override ulong ZeroWholePieces(ulong byteOffset, ulong byteCount, bool mayUnmap, out BlockResult result)
    {
        result = Map(byteOffset, byteCount, out MappedExtent extent);
        if (result != BlockResult.Ok || extent.Kind is not ExtentKind.Data)
        {
            return 0;
        }

        result = File.WriteZeroes(extent.FileOffset, extent.ByteCount, mayUnmap);
        return extent.ByteCount;
    }

    protected override void Dispose(bool disposing)
    {
        if (!IsReadOnly)
        {
            Flush();
        }

        base.Dispose(disposing);
    }
}
