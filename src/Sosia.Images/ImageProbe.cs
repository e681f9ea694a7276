using System;
using System.Buffers.Binary;

namespace Sosia.Images;

/// <summary>
/// Recognizes formats by the first sector alone. What has no header there (a fixed VHD has only a footer) has to be named.
/// </summary>
internal static class ImageProbe
{
    public const int SectorByteCount = 512;

    private const uint VdiSignature = 0xbeda107f;
    private const int VdiSignatureOffset = 0x40;

    /// <summary>The format whose header this is; null for what may be a raw disk.</summary>
    public static ImageFormat? Recognize(ReadOnlySpan<byte> sector)
    {
        ReadOnlySpan<byte> qcow = [0x51, 0x46, 0x49, 0xfb];
        return sector.StartsWith(qcow) ? ImageFormat.Qcow2
            : sector.StartsWith("KDMV"u8) || sector.StartsWith("COWD"u8) || IsVmdkDescriptor(sector) ? ImageFormat.Vmdk
            : sector.StartsWith("conectix"u8) ? ImageFormat.Vhd
            : sector.StartsWith("vhdxfile"u8) ? ImageFormat.Vhdx
            : BinaryPrimitives.ReadUInt32LittleEndian(sector[VdiSignatureOffset..]) == VdiSignature ? ImageFormat.Vdi
            : null;
    }

    /// <summary>Reads a file's first sector and recognizes it.</summary>
    public static ImageFormat? Recognize(ImageFile file)
    {
        Span<byte> sector = stackalloc byte[SectorByteCount];
        ImageErrors.ThrowIfFailed(file.Path, "read", file.Read(0, sector));
        return Recognize(sector);
    }

    // The text may begin with comments and empty lines only in theory; every writer begins with this line.
    private static bool IsVmdkDescriptor(ReadOnlySpan<byte> sector) => sector.StartsWith("# Disk DescriptorFile"u8);
}
