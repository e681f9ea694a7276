using System;
using System.Buffers.Binary;
using System.Numerics;

namespace Sosia.Images.Vhdx;

/// <summary>Fixed places, identifiers and checksums of the VHDX format ([MS-VHDX]); all fields are little-endian.</summary>
internal static class VhdxLayout
{
    public const string Name = "vhdx";
    public const ulong MegaByte = 1 << 20;
    public const int HeaderByteCount = 4096;
    public const ulong FirstHeader = 64 * 1024;
    public const ulong SecondHeader = 128 * 1024;
    public const ulong FirstRegionTable = 192 * 1024;
    public const ulong SecondRegionTable = 256 * 1024;
    public const int RegionTableByteCount = 64 * 1024;
    public const int MetadataTableByteCount = 64 * 1024;
    public const ulong MaxDiskByteCount = 64UL << 40;
    public const int ChecksumOffset = 4;

    public static readonly Guid BatRegion = new("2dc27766-f623-4200-9d64-115e9bfd4a08");
    public static readonly Guid MetadataRegion = new("8b7ca206-4790-4b9a-b8fe-575f050f886e");
    public static readonly Guid FileParameters = new("caa16737-fa36-4d43-b3b6-33f0aa44e76b");
    public static readonly Guid DiskSize = new("2fa54224-cd1b-4876-b211-5dbed83bf4b8");
    public static readonly Guid DiskId = new("beca12ab-b2e6-4523-93ef-c309e000c746");
    public static readonly Guid LogicalSectorSize = new("8141bf1d-a96f-4709-ba47-f233a8faab5f");
    public static readonly Guid PhysicalSectorSize = new("cda348c7-445d-4471-9cc9-e9885251c556");
    public static readonly Guid ParentLocator = new("a8d35f2d-b30b-454d-abf7-d3d84834ab0c");

    /// <summary>CRC-32C of a structure, with the checksum field itself taken as zero.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        for (int i = 0; i < bytes.Length; i++)
        {
            crc = BitOperations.Crc32C(crc, i is >= ChecksumOffset and < ChecksumOffset + 4 ? (byte)0 : bytes[i]);
        }

        return ~crc;
    }

    public static bool HasGoodChecksum(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]) == Checksum(bytes);

    public static void WriteChecksum(Span<byte> bytes) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumOffset..], Checksum(bytes));
}
