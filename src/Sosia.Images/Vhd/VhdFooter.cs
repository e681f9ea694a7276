using System;
using System.Buffers.Binary;
using System.Text;
using Sosia.Core;

namespace Sosia.Images.Vhd;

/// <summary>The footer of a VHD image ("Virtual Hard Disk Image Format Specification", version 1.0); all fields are big-endian.</summary>
internal sealed class VhdFooter
{
    public const string Name = "vhd";
    public const int ByteCount = 512;
    public const uint Fixed = 2;
    public const uint Dynamic = 3;
    public const uint Differencing = 4;
    public const ulong MaxDiskByteCount = 2040UL << 30;
    public const int CurrentSizeOffset = 48;

    private const int ChecksumOffset = 64;
    private const uint FormatVersion = 0x00010000;
    private const ulong MaxGeometrySectorCount = 65535UL * 16 * 255;

    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public uint Type { get; private init; }

    public ulong HeaderOffset { get; private init; }

    public ulong DiskByteCount { get; private init; }

    public Guid Id { get; private init; }

    /// <summary>Reads and checks a footer, or its copy at the beginning of the file.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="SosiaException">It is damaged or uses what is not implemented.</exception>
    public static VhdFooter? Read(ImageFile file, ulong offset)
    {
        byte[] bytes = new byte[ByteCount];
        if (file.ByteCount < ByteCount || file.Read(offset, bytes) != BlockResult.Ok || !bytes.AsSpan().StartsWith("conectix"u8))
        {
            return null;
        }

        if (U32(bytes, ChecksumOffset) != Checksum(bytes, ChecksumOffset))
        {
            throw ImageErrors.Damaged(file.Path, Name, "its footer's checksum is wrong");
        }

        if (U32(bytes, 12) >> 16 != 1)
        {
            throw ImageErrors.Unsupported(file.Path, Name, $"version {U32(bytes, 12) >> 16} of the format", "convert it with the program that wrote it");
        }

        ulong size = U64(bytes, CurrentSizeOffset);
        ulong geometry = (ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(56)) * bytes[58] * bytes[59];
        // Virtual PC took the size from the geometry; everything later takes it from the field.
        string creator = Encoding.ASCII.GetString(bytes, 28, 4);
        if (creator is "vpc " or "qemu" && geometry < MaxGeometrySectorCount && geometry * 512 < size && geometry > 0)
        {
            size = geometry * 512;
        }

        uint type = U32(bytes, 60);
        return type is not (Fixed or Dynamic or Differencing) ? throw ImageErrors.Unsupported(file.Path, Name, $"the disk type {type}", "convert it with the program that wrote it")
            : size is 0 or > MaxDiskByteCount || size % 512 != 0 ? throw ImageErrors.Damaged(file.Path, Name, $"its disk size of {size} bytes is impossible")
            : new VhdFooter { Type = type, HeaderOffset = U64(bytes, 16), DiskByteCount = size, Id = new Guid(bytes.AsSpan(68, 16), bigEndian: true) };
    }

    /// <summary>Makes the footer of a new image.</summary>
    public static byte[] Create(ulong diskByteCount, bool isFixed)
    {
        byte[] bytes = new byte[ByteCount];
        "conectix"u8.CopyTo(bytes);
        W32(bytes, 8, 2);
        W32(bytes, 12, FormatVersion);
        W64(bytes, 16, isFixed ? ulong.MaxValue : ByteCount);
        W32(bytes, 24, (uint)(DateTime.UtcNow - Epoch).TotalSeconds);
        // Readers take the size from the size field, not from the geometry, only for creators that they know.
        "win "u8.CopyTo(bytes.AsSpan(28));
        W32(bytes, 32, 0x00060003);
        "Wi2k"u8.CopyTo(bytes.AsSpan(36));
        W64(bytes, 40, diskByteCount);
        W64(bytes, CurrentSizeOffset, diskByteCount);
        WriteGeometry(bytes, diskByteCount / 512);
        W32(bytes, 60, isFixed ? Fixed : Dynamic);
        Guid.NewGuid().TryWriteBytes(bytes.AsSpan(68), bigEndian: true, out _);
        WriteChecksum(bytes);
        return bytes;
    }

    /// <summary>Gives a footer another disk size.</summary>
    public static void SetDiskByteCount(byte[] bytes, ulong diskByteCount)
    {
        "win "u8.CopyTo(bytes.AsSpan(28));
        W64(bytes, CurrentSizeOffset, diskByteCount);
        WriteGeometry(bytes, diskByteCount / 512);
        WriteChecksum(bytes);
    }

    /// <summary>The one's complement of the sum of all bytes but the checksum's own.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes, int checksumOffset)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += i >= checksumOffset && i < checksumOffset + 4 ? 0u : bytes[i];
        }

        return ~sum;
    }

    private static void WriteChecksum(byte[] bytes) => W32(bytes, ChecksumOffset, Checksum(bytes, ChecksumOffset));

    // The specification's appendix "CHS Calculation".
    private static void WriteGeometry(byte[] bytes, ulong sectorCount)
    {
        ulong total = Math.Min(sectorCount, MaxGeometrySectorCount);
        ulong sectors;
        ulong heads;
        ulong cylindersTimesHeads;
        if (total >= 65535 * 16 * 63)
        {
            sectors = 255;
            heads = 16;
            cylindersTimesHeads = total / sectors;
        }
        else
        {
            sectors = 17;
            cylindersTimesHeads = total / sectors;
            heads = Math.Max(4, (cylindersTimesHeads + 1023) / 1024);
            if (cylindersTimesHeads >= heads * 1024 || heads > 16)
            {
                sectors = 31;
                heads = 16;
                cylindersTimesHeads = total / sectors;
            }

            if (cylindersTimesHeads >= heads * 1024)
            {
                sectors = 63;
                heads = 16;
                cylindersTimesHeads = total / sectors;
            }
        }

        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(56), (ushort)(cylindersTimesHeads / heads));
        bytes[58] = (byte)heads;
        bytes[59] = (byte)sectors;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64BigEndian(bytes[offset..]);

    private static void W32(Span<byte> bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes[offset..], value);

    private static void W64(Span<byte> bytes, int offset, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(bytes[offset..], value);
}
