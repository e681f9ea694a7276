using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using Sosia.Core;
using Sosia.Images.Mapping;

namespace Sosia.Images.Vdi;

/// <summary>A VDI image: dynamic and fixed ones for reading and writing, differencing ones for reading.</summary>
internal sealed class VdiImage : BlockMapImage
{
    private const uint Unallocated = 0xffffffff;
    private const uint Zeroed = 0xfffffffe;
    private const int MaxCandidateCount = 1000;

    private readonly VdiHeader _header;
    private readonly uint[] _map;
    private uint _allocatedCount;
    private int _firstDirty = int.MaxValue;
    private int _lastDirty = -1;

    private VdiImage(ImageFile file, VdiHeader header)
        : base(file, VdiHeader.Name, header.BlockByteCount)
    {
        _header = header;
        if ((ulong)header.BlockCount * 4 > file.ByteCount)
        {
            throw ImageErrors.Damaged(file.Path, VdiHeader.Name, "its table lies outside the file");
        }

        _map = new uint[header.BlockCount];
        file.ReadOrThrow(header.MapOffset, MemoryMarshal.AsBytes(_map.AsSpan()), VdiHeader.Name, "its table");
        foreach (uint entry in _map)
        {
            // New blocks go behind the last one, even if the header's own count is behind.
            _allocatedCount = entry < Zeroed ? Math.Max(_allocatedCount, entry + 1) : _allocatedCount;
        }
    }

    public override ImageFormat Format => ImageFormat.Vdi;

    public override ulong ByteCount => _header.DiskByteCount;

    protected override ulong FirstPlace => _header.DataOffset;

    /// <summary>Opens an image.</summary>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static VdiImage Open(ImageFile file, ImageOpenOptions options, BackingChain chain)
    {
        VdiHeader header = VdiHeader.Read(file);
        if (header.Type == VdiHeader.Differencing && !options.IsReadOnly)
        {
            throw ImageErrors.Unsupported(file.Path, VdiHeader.Name, "another image below it (differencing), and writing to such images", "add readonly or snapshot to the drive, or convert it");
        }

        var image = new VdiImage(file, header);
        if (options.ForCheck)
        {
            return image;
        }

        if (!file.IsReadOnly)
        {
            image.RefuseDamage();
        }

        if (header.Type == VdiHeader.Differencing)
        {
            image.Parent = chain.OpenBacking(file.Path, FindParent(file.Path, header.ParentId), ImageFormat.Vdi);
        }

        return image;
    }

    /// <summary>Writes a new image.</summary>
    /// <exception cref="SosiaException">An option is impossible, or the host failed.</exception>
    public static void Create(ImageFile file, ImageCreateOptions options)
    {
        bool isFixed = options.Subformat switch
        {
            null or "dynamic" => options.Preallocation != Preallocation.Off,
            "fixed" or "static" => true,
            _ => throw new SosiaException($"VDI images have no variant '{options.Subformat}'; choose dynamic or fixed."),
        };
        byte[] header = VdiHeader.Create(options.ByteCount, isFixed, out uint blockCount, out uint dataOffset);
        uint[] map = new uint[blockCount];
        for (uint i = 0; i < blockCount; i++)
        {
            map[i] = isFixed ? i : Unallocated;
        }

        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(VdiHeader.ByteCount, MemoryMarshal.AsBytes(map.AsSpan())));
        ulong dataByteCount = isFixed ? (ulong)blockCount << 20 : 0;
        ImageErrors.ThrowIfFailed(file.Path, "created", file.SetByteCount(dataOffset + dataByteCount));
        if (options.Preallocation == Preallocation.Falloc)
        {
            ImageErrors.ThrowIfFailed(file.Path, "created", file.Reserve(dataOffset, dataByteCount));
        }

        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(0, header));
    }

    public override ImageInfo Describe() => new()
    {
        Format = VdiHeader.Name,
        VirtualByteCount = ByteCount,
        ClusterByteCount = BlockByteCount,
        Details =
        [
            new("subformat", _header.Type switch { VdiHeader.Fixed => "fixed", VdiHeader.Differencing => "differencing", _ => "dynamic" }),
            new("uuid", _header.Id.ToString()),
        ],
    };

    public override ImageCheck Check(bool repair)
    {
        ImageCheck check = base.Check(repair);
        if (_header.AllocatedCount != check.AllocatedCount)
        {
            string message = $"The header says that {_header.AllocatedCount} blocks are allocated, but the table has {check.AllocatedCount}.";
            if (repair && check.CorruptionCount == 0)
            {
                ImageErrors.ThrowIfFailed(Path, "repaired", WriteAllocatedCount((uint)check.AllocatedCount));
                check.RepairedCount++;
            }
            else
            {
                check.AddLeak(message);
            }
        }

        return check;
    }

    public override void Resize(ulong byteCount)
    {
        // The table lies before the data and cannot grow beyond its place.
        if (byteCount < ByteCount || (byteCount + BlockByteCount - 1) / BlockByteCount > (ulong)_map.Length)
        {
            throw ImageErrors.CannotResize(Path, VdiHeader.Name, $"its table has room for {(ulong)_map.Length * BlockByteCount} bytes, and it cannot shrink");
        }

        byte[] size = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(size, byteCount);
        ImageErrors.ThrowIfFailed(Path, "resized", IsReadOnly ? BlockResult.ReadOnly : File.Write(0x170, size));
        _header.DiskByteCount = byteCount;
    }

    protected override IEnumerable<(ulong Block, ulong Place)> Places()
    {
        for (int i = 0; i < _map.Length; i++)
        {
            if (_map[i] < Zeroed)
            {
                yield return ((ulong)i, PlaceOf(_map[i]));
            }
        }
    }

    protected override BlockResult Find(ulong block, out ExtentKind kind, out ulong place)
    {
        uint entry = _map[block];
        place = 0;
        kind = entry == Unallocated ? ExtentKind.Absent : entry == Zeroed ? ExtentKind.Zero : ExtentKind.Data;
        if (kind == ExtentKind.Data)
        {
            place = PlaceOf(entry);
            return place < File.ByteCount ? BlockResult.Ok : BlockResult.Corrupt;
        }

        return BlockResult.Ok;
    }

    protected override BlockResult Append(ulong block, out ulong place)
    {
        place = PlaceOf(_allocatedCount);
        return AppendZeros(place, BlockByteCount);
    }

    protected override void Refer(ulong block, ulong place)
    {
        _map[block] = _allocatedCount++;
        _firstDirty = Math.Min(_firstDirty, (int)block);
        _lastDirty = Math.Max(_lastDirty, (int)block);
    }

    protected override BlockResult WriteTable()
    {
        // The header's count and the table right behind it in one write, where they are neighbours: both or none.
        bool isNear = _header.MapOffset == VdiHeader.ByteCount && _firstDirty < 4096;
        int first = isNear ? 0 : _firstDirty;
        Span<byte> entries = MemoryMarshal.AsBytes(_map.AsSpan(first, _lastDirty - first + 1));
        BlockResult result;
        if (isNear)
        {
            byte[] bytes = new byte[VdiHeader.ByteCount + entries.Length];
            result = File.ReadAll(0, bytes.AsSpan(0, VdiHeader.ByteCount));
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(VdiHeader.AllocatedOffset), _allocatedCount);
            entries.CopyTo(bytes.AsSpan(VdiHeader.ByteCount));
            result = result != BlockResult.Ok ? result : File.Write(0, bytes);
        }
        else
        {
            result = File.Write(_header.MapOffset + ((ulong)first * 4), entries);
            result = result != BlockResult.Ok ? result : WriteAllocatedCount(_allocatedCount);
        }

        if (result == BlockResult.Ok)
        {
            _header.AllocatedCount = _allocatedCount;
            _firstDirty = int.MaxValue;
            _lastDirty = -1;
        }

        return result;
    }

    private BlockResult WriteAllocatedCount(uint count)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, count);
        return File.Write(VdiHeader.AllocatedOffset, bytes);
    }

    private ulong PlaceOf(uint index) => _header.DataOffset + ((ulong)index * BlockByteCount);

    // A differencing image knows its parent's identity, not its name: the file is looked for beside it and one folder up.
    private static string FindParent(string path, Guid id)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        int count = 0;
        foreach (string candidateFolder in new[] { folder, System.IO.Path.GetDirectoryName(folder) ?? folder })
        {
            foreach (string candidate in Directory.EnumerateFiles(candidateFolder, "*.vdi"))
            {
                if (++count > MaxCandidateCount)
                {
                    break;
                }

                if (HasId(candidate, id))
                {
                    return candidate;
                }
            }
        }

        throw new SosiaException($"The parent of the differencing VDI image '{path}' (UUID {id}) is neither in its folder nor one above; put it there.");
    }

    private static bool HasId(string path, Guid id)
    {
        try
        {
            using FileStream stream = System.IO.File.OpenRead(path);
            byte[] bytes = new byte[VdiHeader.ByteCount];
            return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length
                && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(0x40)) == VdiHeader.Signature && new Guid(bytes.AsSpan(0x188, 16)) == id;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
