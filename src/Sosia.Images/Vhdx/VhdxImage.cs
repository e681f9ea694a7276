using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Sosia.Core;
using Sosia.Images.Mapping;

namespace Sosia.Images.Vhdx;

/// <summary>
/// A VHDX image, dynamic or fixed. A log that another program left is replayed before writing. Our own changes need no log: the only
/// ones are entries of the table of blocks, each of which is written whole after its block is durable.
/// </summary>
internal sealed class VhdxImage : BlockMapImage
{
    public const ulong FullyPresent = 6;

    private const ulong StateMask = 7;
    private const ulong Zeroed = 2;
    private const ulong Unmapped = 3;
    private const ulong NotPresent = 0;
    private const ulong Undefined = 1;
    private const ulong PlaceMask = ~(VhdxLayout.MegaByte - 1);

    private readonly VhdxMetadata _metadata;
    private readonly VhdxHeader _header;
    private readonly ulong[] _table;
    private readonly bool _hasLog;
    private bool _isRenewed;
    private int _firstDirty = int.MaxValue;
    private int _lastDirty = -1;

    private VhdxImage(ImageFile file, VhdxHeader header, VhdxMetadata metadata, bool hasLog)
        : base(file, VhdxLayout.Name, metadata.BlockByteCount)
    {
        _header = header;
        _metadata = metadata;
        _hasLog = hasLog;
        _table = new ulong[metadata.BatEntryCount];
        file.ReadOrThrow(metadata.BatOffset, MemoryMarshal.AsBytes(_table.AsSpan()), VhdxLayout.Name, "its table of blocks");
    }

    public override ImageFormat Format => ImageFormat.Vhdx;

    public override ulong ByteCount => _metadata.DiskByteCount;

    public override int LogicalBlockByteCount => (int)_metadata.SectorByteCount;

    protected override ulong FirstPlace => VhdxLayout.MegaByte;

    /// <summary>Opens an image.</summary>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static VhdxImage Open(ImageFile file, ImageOpenOptions options)
    {
        byte[] start = new byte[8];
        ImageErrors.ThrowIfFailed(file.Path, "read", file.Read(0, start));
        if (!start.AsSpan().SequenceEqual("vhdxfile"u8))
        {
            throw new SosiaException($"The disk image '{file.Path}' is no VHDX image (its header does not say so); name its format, or leave the format out.");
        }

        VhdxHeader header = VhdxHeader.Read(file);
        bool hasLog = header.LogId != Guid.Empty;
        if (hasLog && !options.ForCheck)
        {
            if (file.IsReadOnly)
            {
                throw new SosiaException($"The VHDX image '{file.Path}' was not closed properly and its log must be replayed, which needs writing; run './sosia disk check --repair' on it first.");
            }

            VhdxLog.Replay(file, header);
            hasLog = false;
        }

        var image = new VhdxImage(file, header, VhdxMetadata.Read(file), hasLog);
        if (!file.IsReadOnly && !options.ForCheck)
        {
            image.RefuseDamage();
        }

        return image;
    }

    public override ImageInfo Describe() => new()
    {
        Format = VhdxLayout.Name,
        VirtualByteCount = ByteCount,
        ClusterByteCount = BlockByteCount,
        Details = [new("sectorBytes", _metadata.SectorByteCount.ToString(System.Globalization.CultureInfo.InvariantCulture)), new("log", _hasLog ? "must be replayed" : "empty"), new("uuid", _metadata.DiskId.ToString())],
    };

    public override ImageCheck Check(bool repair)
    {
        if (_hasLog && repair)
        {
            VhdxLog.Replay(File, _header);
            var again = new VhdxImage(File, _header, VhdxMetadata.Read(File), hasLog: false);
            ImageCheck repaired = again.Check(repair: false);
            repaired.RepairedCount = 1;
            return repaired;
        }

        ImageCheck check = base.Check(repair);
        if (_hasLog)
        {
            check.AddLeak("The image was not closed properly: its log must be replayed.");
        }

        return check;
    }

    public override void Resize(ulong byteCount) => throw ImageErrors.CannotResize(Path, VhdxLayout.Name, "resizing is not implemented for it");

    protected override IEnumerable<(ulong Block, ulong Place)> Places()
    {
        for (ulong block = 0; block < BlockCount; block++)
        {
            ulong entry = _table[Index(block)];
            if ((entry & StateMask) is FullyPresent)
            {
                yield return (block, entry & PlaceMask);
            }
            else if ((entry & StateMask) is not (NotPresent or Undefined or Zeroed or Unmapped))
            {
                // A state that only differencing images have, or none.
                yield return (block, 0);
            }
        }
    }

    // Other writers may end the file within the disk's last block.
    protected override ulong PlaceByteCount(ulong block)
        => block + 1 == BlockCount ? Math.Min(BlockByteCount, ByteCount - (block * BlockByteCount)) : BlockByteCount;

    protected override BlockResult Find(ulong block, out ExtentKind kind, out ulong place)
    {
        kind = ExtentKind.Absent;
        place = 0;
        if (block >= BlockCount)
        {
            return BlockResult.Ok;
        }

        ulong entry = _table[Index(block)];
        switch (entry & StateMask)
        {
            case NotPresent or Undefined or Zeroed or Unmapped:
                return BlockResult.Ok;
            case FullyPresent:
                kind = ExtentKind.Data;
                place = entry & PlaceMask;
                return place >= VhdxLayout.MegaByte && place < File.ByteCount ? BlockResult.Ok : BlockResult.Corrupt;
            default:
                return BlockResult.Corrupt;
        }
    }

    protected override BlockResult Append(ulong block, out ulong place)
    {
        place = (File.ByteCount + VhdxLayout.MegaByte - 1) & PlaceMask;
        BlockResult result = RenewOnce();
        return result != BlockResult.Ok ? result : AppendZeros(place, BlockByteCount);
    }

    protected override void Refer(ulong block, ulong place)
    {
        int index = (int)Index(block);
        _table[index] = place | FullyPresent;
        _firstDirty = Math.Min(_firstDirty, index);
        _lastDirty = Math.Max(_lastDirty, index);
    }

    protected override BlockResult WriteTable()
    {
        BlockResult result = File.Write(_metadata.BatOffset + ((ulong)_firstDirty * 8), MemoryMarshal.AsBytes(_table.AsSpan(_firstDirty, _lastDirty - _firstDirty + 1)));
        if (result == BlockResult.Ok)
        {
            _firstDirty = int.MaxValue;
            _lastDirty = -1;
        }

        return result;
    }

    protected override BlockResult CheckChange(ulong byteOffset, ulong byteCount)
    {
        BlockResult result = base.CheckChange(byteOffset, byteCount);
        return result != BlockResult.Ok ? result : RenewOnce();
    }

    // The first change of a file that is opened gives it new identifiers, so that whoever depends on its contents notices.
    private BlockResult RenewOnce()
    {
        if (_isRenewed)
        {
            return BlockResult.Ok;
        }

        BlockResult result = _header.Renew(File, keepsLog: false);
        _isRenewed = result == BlockResult.Ok;
        return result;
    }

    private ulong Index(ulong block) => block + (block / _metadata.ChunkRatio);
}
