using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Numerics;
using System.Text;
using Sosia.Core;

namespace Sosia.Images.Qcow2;

/// <summary>The header of a qcow2 image and its extensions; all fields are big-endian.</summary>
internal sealed class Qcow2Header
{
    public const string Name = "qcow2";
    public const uint Magic = 0x514649fb;
    public const int Version2ByteCount = 72;
    public const int Version3ByteCount = 104;
    public const int MinClusterBits = 9;
    public const int MaxClusterBits = 21;
    public const int SizeOffset = 24;
    public const int L1Offset = 36;
    public const int RefcountTableOffset = 48;
    public const int SnapshotsOffset = 60;
    public const int IncompatibleFeaturesOffset = 72;
    public const int AutoclearFeaturesOffset = 88;
    public const ulong DirtyFeature = 1;
    public const ulong CorruptFeature = 2;
    public const ulong ExternalDataFeature = 4;
    public const ulong CompressionTypeFeature = 8;
    public const ulong ExtendedL2Feature = 16;
    public const ulong LazyRefcountsFeature = 1;
    public const uint BackingFormatExtension = 0xe2792aca;
    public const uint FeatureNamesExtension = 0x6803f857;
    public const ulong MaxDiskByteCount = 1UL << 61;

    private const uint EncryptionExtension = 0x0537be77;
    private const uint ExternalDataExtension = 0x44415441;
    private const ulong MaxL1ByteCount = 32 << 20;
    private const ulong MaxRefcountTableByteCount = 8 << 20;
    private const int MaxBackingNameByteCount = 1023;
    private const uint MaxSnapshotCount = 65536;

    private static readonly string[] IncompatibleNames = ["dirty", "corrupt", "an external data file", "compression type", "extended L2 entries"];

    public uint Version { get; private init; }

    public string? BackingFile { get; private set; }

    public string? BackingFormat { get; private set; }

    public int ClusterBits { get; private init; }

    public ulong ByteCount { get; set; }

    public int L1EntryCount { get; set; }

    public ulong L1TableOffset { get; set; }

    public ulong RefcountTableFileOffset { get; set; }

    public int RefcountTableClusterCount { get; set; }

    public int SnapshotCount { get; set; }

    public ulong SnapshotTableOffset { get; set; }

    public ulong IncompatibleFeatures { get; set; }

    public ulong CompatibleFeatures { get; private init; }

    public ulong AutoclearFeatures { get; set; }

    public int RefcountOrder { get; private init; } = 4;

    public bool IsZstd { get; private init; }

    public bool HasLazyRefcounts => (CompatibleFeatures & LazyRefcountsFeature) != 0;

    public bool IsDirty => (IncompatibleFeatures & DirtyFeature) != 0;

    public bool IsMarkedCorrupt => (IncompatibleFeatures & CorruptFeature) != 0;

    public int ClusterByteCount => 1 << ClusterBits;

    public int L2EntryCount => 1 << (ClusterBits - 3);

    /// <summary>How many L1 entries a disk of some size needs.</summary>
    public ulong RequiredL1EntryCount(ulong byteCount) => RequiredL1EntryCount(byteCount, ClusterBits);

    public static ulong RequiredL1EntryCount(ulong byteCount, int clusterBits)
    {
        int bits = clusterBits + clusterBits - 3;
        return (byteCount >> bits) + ((byteCount & ((1UL << bits) - 1)) != 0 ? 1UL : 0);
    }

    /// <summary>The largest disk whose L1 table is within the limits.</summary>
    public static ulong MaxByteCountFor(int clusterBits)
    {
        UInt128 max = (UInt128)(MaxL1ByteCount / 8) << (clusterBits + clusterBits - 3);
        return max > MaxDiskByteCount ? MaxDiskByteCount : (ulong)max;
    }

    /// <summary>Reads and checks a header.</summary>
    /// <exception cref="SosiaException">It is none of ours, damaged, or uses what is not implemented.</exception>
    public static Qcow2Header Read(ImageFile file)
    {
        Span<byte> bytes = stackalloc byte[Version3ByteCount + 8];
        bytes.Clear();
        file.ReadOrThrow(0, bytes[..Version2ByteCount], Name, "the header");
        uint version = U32(bytes, 4);
        if (U32(bytes, 0) != Magic)
        {
            throw new SosiaException($"The disk image '{file.Path}' is no qcow2 image (its header does not say so); name its format, or leave the format out.");
        }

        if (version is not (2 or 3))
        {
            throw new SosiaException($"The qcow2 image '{file.Path}' has the format version {version}, which is unknown; only versions 2 and 3 exist for this program.");
        }

        int clusterBits = (int)Math.Min(U32(bytes, 20), 99);
        Require(file, clusterBits is >= MinClusterBits and <= MaxClusterBits, $"its cluster size of 2 to the power of {U32(bytes, 20)} is impossible");
        RefuseEncryption(file, U32(bytes, 32));
        uint headerByteCount = Version2ByteCount;
        if (version == 3)
        {
            file.ReadOrThrow(Version2ByteCount, bytes[Version2ByteCount..Version3ByteCount], Name, "the header");
            headerByteCount = U32(bytes, 100);
            Require(file, headerByteCount is >= Version3ByteCount && headerByteCount % 8 == 0 && headerByteCount <= 1u << clusterBits, $"its header has the impossible length {headerByteCount}");
            if (headerByteCount > Version3ByteCount)
            {
                file.ReadOrThrow(Version3ByteCount, bytes[Version3ByteCount..], Name, "the header");
            }
        }

        ulong incompatible = version == 3 ? U64(bytes, IncompatibleFeaturesOffset) : 0;
        RefuseFeatures(file, incompatible);
        byte compressionType = bytes[Version3ByteCount];
        Require(file, (compressionType != 0) == ((incompatible & CompressionTypeFeature) != 0), "its compression type contradicts its feature bits");
        if (compressionType > 1)
        {
            throw ImageErrors.Unsupported(file.Path, Name, $"the compression type {compressionType}", "convert it with the program that wrote it");
        }

        uint refcountOrder = version == 3 ? U32(bytes, 96) : 4;
        Require(file, refcountOrder <= 6, $"its refcount width of 2 to the power of {refcountOrder} bits is impossible");
        var header = new Qcow2Header
        {
            Version = version,
            ClusterBits = clusterBits,
            ByteCount = U64(bytes, SizeOffset),
            L1EntryCount = (int)Math.Min(U32(bytes, L1Offset), int.MaxValue),
            L1TableOffset = U64(bytes, 40),
            RefcountTableFileOffset = U64(bytes, RefcountTableOffset),
            RefcountTableClusterCount = (int)Math.Min(U32(bytes, 56), int.MaxValue),
            SnapshotCount = (int)Math.Min(U32(bytes, SnapshotsOffset), int.MaxValue),
            SnapshotTableOffset = U64(bytes, 64),
            IncompatibleFeatures = incompatible,
            CompatibleFeatures = version == 3 ? U64(bytes, 80) : 0,
            AutoclearFeatures = version == 3 ? U64(bytes, AutoclearFeaturesOffset) : 0,
            RefcountOrder = (int)refcountOrder,
            IsZstd = compressionType == 1,
        };
        header.CheckPlaces(file);
        ulong backingOffset = U64(bytes, 8);
        uint backingByteCount = U32(bytes, 16);
        header.ReadExtensions(file, headerByteCount, backingOffset == 0 ? (ulong)header.ClusterByteCount : backingOffset);
        header.ReadBackingFile(file, backingOffset, backingByteCount);
        return header;
    }

    private void CheckPlaces(ImageFile file)
    {
        Require(file, ByteCount <= MaxDiskByteCount, $"its disk size of {ByteCount} bytes is impossible");
        if (ByteCount == 0 || ByteCount % 512 != 0)
        {
            throw new SosiaException($"The qcow2 image '{file.Path}' has a disk of {ByteCount} bytes, which is not a multiple of 512 from 512 up; resize it with './sosia disk resize' or qemu-img.");
        }

        Require(file, (ulong)L1EntryCount * 8 <= MaxL1ByteCount, $"its L1 table of {L1EntryCount} entries is impossible");
        Require(file, (ulong)L1EntryCount >= RequiredL1EntryCount(ByteCount), "its L1 table is too small for the disk");
        RequirePlace(file, L1TableOffset, (ulong)L1EntryCount * 8, "its L1 table");
        ulong refcountTableByteCount = (ulong)RefcountTableClusterCount << ClusterBits;
        Require(file, refcountTableByteCount <= MaxRefcountTableByteCount && RefcountTableClusterCount > 0, $"its refcount table of {RefcountTableClusterCount} clusters is impossible");
        RequirePlace(file, RefcountTableFileOffset, refcountTableByteCount, "its refcount table");
        Require(file, SnapshotCount <= MaxSnapshotCount, $"its number of snapshots, {SnapshotCount}, is impossible");
        if (SnapshotCount > 0)
        {
            RequirePlace(file, SnapshotTableOffset, 40, "its snapshot table");
        }
    }

    private void RequirePlace(ImageFile file, ulong offset, ulong byteCount, string what)
        => Require(
            file,
            offset % (ulong)ClusterByteCount == 0 && offset >= (ulong)ClusterByteCount && offset <= file.ByteCount && byteCount <= file.ByteCount - offset,
            $"{what} lies outside the file or is misplaced (offset {offset})");

    private void ReadExtensions(ImageFile file, uint start, ulong end)
    {
        ulong position = start;
        end = Math.Min(Math.Min(end, (ulong)ClusterByteCount), file.ByteCount);
        Span<byte> head = stackalloc byte[8];
        while (position + 8 <= end)
        {
            file.ReadOrThrow(position, head, Name, "a header extension");
            uint type = U32(head, 0);
            uint byteCount = U32(head, 4);
            position += 8;
            if (type == 0)
            {
                return;
            }

            Require(file, byteCount <= end - position, $"its header extension {type:x8} is longer than its place");
            switch (type)
            {
                case BackingFormatExtension:
                    Require(file, byteCount is > 0 and <= 64, "its backing format's name has an impossible length");
                    byte[] name = new byte[byteCount];
                    file.ReadOrThrow(position, name, Name, "a header extension");
                    BackingFormat = Encoding.UTF8.GetString(name);
                    break;
                case EncryptionExtension:
                    throw ImageErrors.Unsupported(file.Path, Name, "encryption (LUKS)", "decrypt it with qemu-img convert");
                case ExternalDataExtension:
                    throw ImageErrors.Unsupported(file.Path, Name, "an external data file", "convert it with qemu-img convert");
            }

            position += (byteCount + 7) & ~7u;
        }
    }

    private void ReadBackingFile(ImageFile file, ulong offset, uint byteCount)
    {
        if (offset == 0)
        {
            return;
        }

        Require(file, byteCount <= MaxBackingNameByteCount && byteCount > 0, $"the name of its backing file has the impossible length {byteCount}");
        Require(file, offset <= (ulong)ClusterByteCount - Math.Min((ulong)ClusterByteCount, byteCount), "the name of its backing file lies outside the header");
        byte[] name = new byte[byteCount];
        file.ReadOrThrow(offset, name, Name, "the name of the backing file");
        BackingFile = Encoding.UTF8.GetString(name);
    }

    private static void RefuseEncryption(ImageFile file, uint method)
    {
        if (method != 0)
        {
            string what = method switch { 1 => "encryption (AES)", 2 => "encryption (LUKS)", _ => $"the encryption method {method}" };
            throw ImageErrors.Unsupported(file.Path, Name, what, "decrypt it with qemu-img convert");
        }
    }

    private static void RefuseFeatures(ImageFile file, ulong features)
    {
        ulong unsupported = features & ~(DirtyFeature | CorruptFeature | CompressionTypeFeature);
        if (unsupported == 0)
        {
            return;
        }

        List<string> names = [];
        for (; unsupported != 0; unsupported &= unsupported - 1)
        {
            int bit = BitOperations.TrailingZeroCount(unsupported);
            names.Add(bit < IncompatibleNames.Length ? IncompatibleNames[bit] : $"the unknown incompatible feature {bit}");
        }

        throw ImageErrors.Unsupported(file.Path, Name, string.Join(" and ", names), "convert it with the program that wrote it");
    }

    private static void Require(ImageFile file, bool condition, string what)
    {
        if (!condition)
        {
            throw ImageErrors.Damaged(file.Path, Name, what);
        }
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64BigEndian(bytes[offset..]);
}
