using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Sosia.Core;

namespace Sosia.Images.Vdi;

/// <summary>The header of a VDI image, version 1.1; all fields are little-endian.</summary>
internal sealed class VdiHeader
{
    public const string Name = "vdi";
    public const int ByteCount = 512;
    public const uint Signature = 0xbeda107f;
    public const uint Dynamic = 1;
    public const uint Fixed = 2;
    public const uint Differencing = 4;
    public const int AllocatedOffset = 0x184;
    public const uint MaxBlockCount = 16 << 20;

    private const uint Version = 0x00010001;
    private const uint DefaultBlockByteCount = 1 << 20;
    private const uint SectorByteCount = 512;

    public uint Type { get; private init; }

    public uint MapOffset { get; private init; }

    public uint DataOffset { get; private init; }

    public ulong DiskByteCount { get; set; }

    public uint BlockByteCount { get; private init; }

    public uint BlockCount { get; set; }

    public uint AllocatedCount { get; set; }

    public Guid Id { get; private init; }

    public Guid ParentId { get; private init; }

    /// <summary>Reads and checks a header.</summary>
    /// <exception cref="SosiaException">It is none of ours, damaged, or uses what is not implemented.</exception>
    public static VdiHeader Read(ImageFile file)
    {
        byte[] bytes = new byte[ByteCount];
        file.ReadOrThrow(0, bytes, Name, "the header");
        if (U32(bytes, 0x40) != Signature)
        {
            throw new SosiaException($"The disk image '{file.Path}' is no VDI image (its header does not say so); name its format, or leave the format out.");
        }

        if (U32(bytes, 0x44) >> 16 != 1)
        {
            throw ImageErrors.Unsupported(file.Path, Name, $"version {U32(bytes, 0x44) >> 16}.{U32(bytes, 0x44) & 0xffff} of the format", "convert it with the program that wrote it");
        }

        var header = new VdiHeader
        {
            Type = U32(bytes, 0x4c),
            MapOffset = U32(bytes, 0x154),
            DataOffset = U32(bytes, 0x158),
            DiskByteCount = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(0x170)),
            BlockByteCount = U32(bytes, 0x178),
            BlockCount = U32(bytes, 0x180),
            AllocatedCount = U32(bytes, AllocatedOffset),
            Id = new Guid(bytes.AsSpan(0x188, 16)),
            ParentId = new Guid(bytes.AsSpan(0x1a8, 16)),
        };
        header.CheckFields(file, U32(bytes, 0x168), U32(bytes, 0x17c));
        return header;
    }

    /// <summary>Makes the header of a new image.</summary>
    public static byte[] Create(ulong diskByteCount, bool isFixed, out uint blockCount, out uint dataOffset)
    {
        ulong blocks = (diskByteCount + DefaultBlockByteCount - 1) / DefaultBlockByteCount;
        if (blocks > MaxBlockCount)
        {
            throw new SosiaException($"A VDI image holds at most {(ulong)MaxBlockCount * DefaultBlockByteCount} bytes, not {diskByteCount}; choose a smaller disk or another format.");
        }

        blockCount = (uint)blocks;
        dataOffset = (uint)((ByteCount + (blocks * 4) + 4095) & ~4095UL);
        byte[] bytes = new byte[ByteCount];
        Encoding.ASCII.GetBytes("<<< Sosia VDI disk image >>>\n").CopyTo(bytes, 0);
        W32(bytes, 0x40, Signature);
        W32(bytes, 0x44, Version);
        W32(bytes, 0x48, 0x190);
        W32(bytes, 0x4c, isFixed ? Fixed : Dynamic);
        W32(bytes, 0x154, ByteCount);
        W32(bytes, 0x158, dataOffset);
        W32(bytes, 0x168, SectorByteCount);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(0x170), diskByteCount);
        W32(bytes, 0x178, DefaultBlockByteCount);
        W32(bytes, 0x180, blockCount);
        W32(bytes, AllocatedOffset, isFixed ? blockCount : 0);
        Guid.NewGuid().TryWriteBytes(bytes.AsSpan(0x188));
        Guid.NewGuid().TryWriteBytes(bytes.AsSpan(0x198));
        return bytes;
    }

    private void CheckFields(ImageFile file, uint sectorByteCount, uint extraByteCount)
    {
        if (Type is not (Dynamic or Fixed or Differencing))
        {
            throw ImageErrors.Unsupported(file.Path, Name, $"the image type {Type}", "merge it with the program that wrote it");
        }

        if (sectorByteCount != SectorByteCount || extraByteCount != 0)
        {
            throw ImageErrors.Unsupported(file.Path, Name, "sectors of another size than 512 bytes, or extra data in blocks", "convert it with the program that wrote it");
        }

        string? what = !BitOperations.IsPow2(BlockByteCount) || BlockByteCount is < 4096 or > (256 << 20) ? $"its block size of {BlockByteCount} bytes is impossible"
            : DiskByteCount is 0 or > 1UL << 60 || DiskByteCount % 512 != 0 ? $"its disk size of {DiskByteCount} bytes is impossible"
            : BlockCount > MaxBlockCount || (ulong)BlockCount * BlockByteCount < DiskByteCount ? $"its {BlockCount} blocks do not make up the disk"
            : MapOffset < ByteCount || DataOffset < MapOffset + ((ulong)BlockCount * 4) ? "its table is misplaced"
            : AllocatedCount > BlockCount ? $"it has more blocks allocated than there are ({AllocatedCount})"
            : null;
        if (what is not null)
        {
            throw ImageErrors.Damaged(file.Path, Name, what);
        }
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static void W32(Span<byte> bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], value);
}
