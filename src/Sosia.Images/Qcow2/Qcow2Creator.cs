using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Sosia.Core;

namespace Sosia.Images.Qcow2;

/// <summary>Writes new qcow2 images.</summary>
internal static class Qcow2Creator
{
    private const int DefaultClusterByteCount = 65536;
    private const int RefcountOrder = 4;
    private const int FeatureNameByteCount = 48;

    /// <summary>Writes an empty image: header, refcount table, one refcount block and the L1 table.</summary>
    /// <exception cref="SosiaException">An option is impossible, or the host failed.</exception>
    public static void Create(ImageFile file, ImageCreateOptions options)
    {
        ulong clusterByteCount = options.ClusterByteCount == 0 ? DefaultClusterByteCount : options.ClusterByteCount;
        if (!BitOperations.IsPow2(clusterByteCount) || clusterByteCount is < (1 << Qcow2Header.MinClusterBits) or > (1 << Qcow2Header.MaxClusterBits))
        {
            throw new SosiaException($"The cluster size of {clusterByteCount} bytes is impossible for qcow2; choose a power of two from 512 to 2M.");
        }

        int clusterBits = BitOperations.Log2(clusterByteCount);
        if (options.ByteCount > Qcow2Header.MaxByteCountFor(clusterBits))
        {
            throw new SosiaException($"A qcow2 image with clusters of {clusterByteCount} bytes holds at most {Qcow2Header.MaxByteCountFor(clusterBits)} bytes, not {options.ByteCount}; choose larger clusters or a smaller disk.");
        }

        int version = options.Version == 0 ? 3 : options.Version;
        if (version is not (2 or 3))
        {
            throw new SosiaException($"The version {version} of qcow2 does not exist; choose compat=v2 or compat=v3.");
        }

        if (version == 2 && (options.HasLazyRefcounts || options.UsesZstd))
        {
            throw new SosiaException("Lazy refcounts and Zstandard need version 3 of qcow2; leave out compat=v2.");
        }

        int l1EntryCount = (int)Qcow2Header.RequiredL1EntryCount(options.ByteCount, clusterBits);
        ulong l1Clusters = Math.Max(1, (((ulong)l1EntryCount * 8) + clusterByteCount - 1) >> clusterBits);
        WriteTables(file, clusterBits, l1Clusters);
        byte[] header = MakeHeader(options, version, clusterBits, l1EntryCount);
        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(0, header));
    }

    // Cluster 0 is the header, then the refcount table, the refcount blocks for all of this, and the L1 table.
    private static void WriteTables(ImageFile file, int clusterBits, ulong l1Clusters)
    {
        ulong blockCount = BlockCount(clusterBits, l1Clusters);
        ulong used = 2 + blockCount + l1Clusters;
        byte[] table = new byte[1 << clusterBits];
        for (ulong i = 0; i < blockCount; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(table.AsSpan((int)i * 8), (2 + i) << clusterBits);
        }

        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(1UL << clusterBits, table));
        byte[] counts = new byte[(int)blockCount << clusterBits];
        for (ulong i = 0; i < used; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(counts.AsSpan((int)i * 2), 1);
        }

        ImageErrors.ThrowIfFailed(file.Path, "created", file.Write(2UL << clusterBits, counts));
        ImageErrors.ThrowIfFailed(file.Path, "created", file.SetByteCount(used << clusterBits));
    }

    private static ulong BlockCount(int clusterBits, ulong l1Clusters)
    {
        ulong perBlock = 1UL << (clusterBits + 3 - RefcountOrder);
        ulong blockCount = 1;
        while (blockCount * perBlock < 2 + blockCount + l1Clusters)
        {
            blockCount++;
        }

        // One cluster of table is enough for the largest L1 table but with the smallest clusters.
        return blockCount <= 1UL << (clusterBits - 3) ? blockCount : throw new SosiaException("The disk is too large for so small clusters; choose larger ones.");
    }

    private static byte[] MakeHeader(ImageCreateOptions options, int version, int clusterBits, int l1EntryCount)
    {
        byte[] header = new byte[1 << clusterBits];
        ulong l1Clusters = Math.Max(1, (((ulong)l1EntryCount * 8) + (1UL << clusterBits) - 1) >> clusterBits);
        int headerByteCount = version == 2 ? Qcow2Header.Version2ByteCount : Qcow2Header.Version3ByteCount + 8;
        U32(header, 0, Qcow2Header.Magic);
        U32(header, 4, (uint)version);
        U32(header, 20, (uint)clusterBits);
        U64(header, Qcow2Header.SizeOffset, options.ByteCount);
        U32(header, Qcow2Header.L1Offset, (uint)l1EntryCount);
        U64(header, Qcow2Header.L1Offset + 4, (2 + BlockCount(clusterBits, l1Clusters)) << clusterBits);
        U64(header, Qcow2Header.RefcountTableOffset, 1UL << clusterBits);
        U32(header, Qcow2Header.RefcountTableOffset + 8, 1);
        if (version >= 3)
        {
            U64(header, Qcow2Header.IncompatibleFeaturesOffset, options.UsesZstd ? Qcow2Header.CompressionTypeFeature : 0);
            U64(header, 80, options.HasLazyRefcounts ? Qcow2Header.LazyRefcountsFeature : 0);
            U32(header, 96, RefcountOrder);
            U32(header, 100, (uint)headerByteCount);
            header[Qcow2Header.Version3ByteCount] = options.UsesZstd ? (byte)1 : (byte)0;
        }

        int position = headerByteCount;
        if (options.BackingFile is not null)
        {
            string format = DiskImages.NameOf(options.BackingFormat ?? ImageFormat.Raw);
            position = WriteExtension(header, position, Qcow2Header.BackingFormatExtension, Encoding.ASCII.GetBytes(format == "vhd" ? "vpc" : format));
        }

        if (version >= 3 && clusterBits > Qcow2Header.MinClusterBits)
        {
            position = WriteExtension(header, position, Qcow2Header.FeatureNamesExtension, FeatureNames());
        }

        // The end of the extensions is eight zero bytes.
        position += 8;
        if (options.BackingFile is not null)
        {
            byte[] name = Encoding.UTF8.GetBytes(options.BackingFile);
            if (name.Length > Math.Min(1023, header.Length - position))
            {
                throw new SosiaException($"The name of the backing file '{options.BackingFile}' is too long for the image's header; use a shorter one.");
            }

            U64(header, 8, (ulong)position);
            U32(header, 16, (uint)name.Length);
            name.CopyTo(header, position);
        }

        return header;
    }

    private static int WriteExtension(byte[] header, int position, uint type, byte[] data)
    {
        U32(header, position, type);
        U32(header, position + 4, (uint)data.Length);
        data.CopyTo(header, position + 8);
        return position + 8 + ((data.Length + 7) & ~7);
    }

    // For programs that do not know a feature: what it is called.
    private static byte[] FeatureNames()
    {
        (byte Kind, byte Bit, string Name)[] features = [(0, 0, "dirty bit"), (0, 1, "corrupt bit"), (0, 3, "compression type"), (1, 0, "lazy refcounts")];
        byte[] bytes = new byte[features.Length * FeatureNameByteCount];
        for (int i = 0; i < features.Length; i++)
        {
            bytes[i * FeatureNameByteCount] = features[i].Kind;
            bytes[(i * FeatureNameByteCount) + 1] = features[i].Bit;
            Encoding.ASCII.GetBytes(features[i].Name).CopyTo(bytes, (i * FeatureNameByteCount) + 2);
        }

        return bytes;
    }

    private static void U32(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(offset), value);

    private static void U64(byte[] bytes, int offset, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(offset), value);
}
