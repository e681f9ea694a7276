using System;
using System.Buffers.Binary;
using Sosia.Core;

namespace Sosia.Images.Vhdx;

/// <summary>The two headers, of which the one with the higher sequence number counts.</summary>
internal sealed class VhdxHeader
{
    private const int SequenceOffset = 8;
    private const int FileWriteIdOffset = 16;
    private const int DataWriteIdOffset = 32;
    private const int LogIdOffset = 48;

    private readonly byte[] _bytes;
    private bool _isSecond;

    private VhdxHeader(byte[] bytes, bool isSecond)
    {
        _bytes = bytes;
        _isSecond = isSecond;
    }

    /// <summary>Identifies the log's entries; all zeros when the log is empty.</summary>
    public Guid LogId => new(_bytes.AsSpan(LogIdOffset, 16));

    public uint LogByteCount => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(68));

    public ulong LogOffset => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(72));

    private ulong Sequence => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(SequenceOffset));

    /// <summary>Reads the header that counts.</summary>
    /// <exception cref="SosiaException">Neither is whole, or the version is unknown.</exception>
    public static VhdxHeader Read(ImageFile file)
    {
        VhdxHeader? first = Read(file, isSecond: false);
        VhdxHeader? second = Read(file, isSecond: true);
        VhdxHeader header = first is null || (second is not null && second.Sequence > first.Sequence) ? second ?? throw ImageErrors.Damaged(file.Path, VhdxLayout.Name, "both its headers are broken") : first;
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(header._bytes.AsSpan(66));
        ushort logVersion = BinaryPrimitives.ReadUInt16LittleEndian(header._bytes.AsSpan(64));
        return version == 1 && logVersion == 0 ? header : throw ImageErrors.Unsupported(file.Path, VhdxLayout.Name, $"version {version} of the format (log version {logVersion})", "convert it with the program that wrote it");
    }

    /// <summary>Makes both headers of a new image.</summary>
    public static void Create(ImageFile file, ulong logOffset, uint logByteCount)
    {
        byte[] bytes = new byte[VhdxLayout.HeaderByteCount];
        "head"u8.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(66), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(68), logByteCount);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(72), logOffset);
        var header = new VhdxHeader(bytes, isSecond: true);
        ImageErrors.ThrowIfFailed(file.Path, "created", header.Renew(file, keepsLog: false));
        ImageErrors.ThrowIfFailed(file.Path, "created", header.Renew(file, keepsLog: false));
    }

    /// <summary>Writes the other header with a higher sequence number and new identifiers of the file's and the data's state.</summary>
    public BlockResult Renew(ImageFile file, bool keepsLog)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(SequenceOffset), Sequence + 1);
        Guid.NewGuid().TryWriteBytes(_bytes.AsSpan(FileWriteIdOffset));
        Guid.NewGuid().TryWriteBytes(_bytes.AsSpan(DataWriteIdOffset));
        if (!keepsLog)
        {
            _bytes.AsSpan(LogIdOffset, 16).Clear();
        }

        VhdxLayout.WriteChecksum(_bytes);
        _isSecond = !_isSecond;
        BlockResult result = file.Write(_isSecond ? VhdxLayout.SecondHeader : VhdxLayout.FirstHeader, _bytes);
        return result != BlockResult.Ok ? result : file.Flush();
    }

    private static VhdxHeader? Read(ImageFile file, bool isSecond)
    {
        byte[] bytes = new byte[VhdxLayout.HeaderByteCount];
        BlockResult result = file.Read(isSecond ? VhdxLayout.SecondHeader : VhdxLayout.FirstHeader, bytes);
        return result == BlockResult.Ok && bytes.AsSpan().StartsWith("head"u8) && VhdxLayout.HasGoodChecksum(bytes) ? new VhdxHeader(bytes, isSecond) : null;
    }
}
