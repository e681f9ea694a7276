using System;
using System.Buffers.Binary;
using System.Text;

namespace Sosia.Machines.Boot;

/// <summary>The setup header of a Linux bzImage (Linux, Documentation/x86/boot.rst).</summary>
internal sealed class LinuxHeader
{
    /// <summary>Where the header begins in the file and in boot_params.</summary>
    public const int Offset = 0x1f1;

    private const uint Signature = 0x5372_6448;

    private LinuxHeader(ReadOnlySpan<byte> kernel)
    {
        Version = BinaryPrimitives.ReadUInt16LittleEndian(kernel[0x206..]);
        // Zero means 4, for old kernels.
        int setupSectors = kernel[0x1f1] == 0 ? 4 : kernel[0x1f1];
        SetupByteCount = (setupSectors + 1) * 512;
        EndOffset = 0x202 + kernel[0x201];
        LoadFlags = kernel[0x211];
        SystemByteCount = (ulong)BinaryPrimitives.ReadUInt32LittleEndian(kernel[0x1f4..]) * 16;
        InitrdAddressMax = Version >= 0x203 ? BinaryPrimitives.ReadUInt32LittleEndian(kernel[0x22c..]) : 0x37ff_ffff;
        Alignment = Version >= 0x205 ? BinaryPrimitives.ReadUInt32LittleEndian(kernel[0x230..]) : 0;
        IsRelocatable = Version >= 0x205 && kernel[0x234] != 0;
        ExtendedLoadFlags = Version >= 0x20c ? BinaryPrimitives.ReadUInt16LittleEndian(kernel[0x236..]) : (ushort)0;
        CommandLineMax = Version >= 0x206 ? BinaryPrimitives.ReadUInt32LittleEndian(kernel[0x238..]) : 255;
        PreferredAddress = Version >= 0x20a ? BinaryPrimitives.ReadUInt64LittleEndian(kernel[0x258..]) : 0;
        InitByteCount = Version >= 0x20a ? BinaryPrimitives.ReadUInt32LittleEndian(kernel[0x260..]) : 0;
        KernelVersion = ReadVersion(kernel);
    }

    /// <summary>The boot protocol's version, major in the high byte.</summary>
    public ushort Version { get; }

    /// <summary>Size of the real-mode part, which precedes the protected-mode code in the file.</summary>
    public int SetupByteCount { get; }

    /// <summary>Where the header ends, in the file and in boot_params.</summary>
    public int EndOffset { get; }

    /// <summary>loadflags.</summary>
    public byte LoadFlags { get; }

    /// <summary>Size of the protected-mode code.</summary>
    public ulong SystemByteCount { get; }

    /// <summary>The highest address that a byte of the initrd may have.</summary>
    public uint InitrdAddressMax { get; }

    /// <summary>The alignment that the kernel wants; 0 when it says nothing.</summary>
    public uint Alignment { get; }

    /// <summary>True when the kernel runs at any aligned address.</summary>
    public bool IsRelocatable { get; }

    /// <summary>xloadflags.</summary>
    public ushort ExtendedLoadFlags { get; }

    /// <summary>The longest command line, without its terminating zero.</summary>
    public uint CommandLineMax { get; }

    /// <summary>Where the kernel would like to be; 0 when it says nothing.</summary>
    public ulong PreferredAddress { get; }

    /// <summary>How much memory the kernel needs from its load address on until it reads the memory map; 0 when it says nothing.</summary>
    public uint InitByteCount { get; }

    /// <summary>The version text; empty when there is none.</summary>
    public string KernelVersion { get; }

    /// <summary>True for a bzImage, whose code is loaded at 1 MiB or above.</summary>
    public bool IsLoadedHigh => (LoadFlags & 1) != 0;

    /// <summary>True when the kernel has a 64-bit entry point at offset 0x200 (XLF_KERNEL_64).</summary>
    public bool HasLongEntry => (ExtendedLoadFlags & 1) != 0;

    /// <summary>Reads the header; null when the file has none.</summary>
    public static LinuxHeader? TryParse(ReadOnlySpan<byte> kernel)
        => kernel.Length >= 0x268 && BinaryPrimitives.ReadUInt32LittleEndian(kernel[0x202..]) == Signature && kernel[0x1fe] == 0x55 && kernel[0x1ff] == 0xaa
            ? new LinuxHeader(kernel)
            : null;

    private static string ReadVersion(ReadOnlySpan<byte> kernel)
    {
        int offset = BinaryPrimitives.ReadUInt16LittleEndian(kernel[0x20e..]);
        if (offset == 0 || offset + 0x200 >= kernel.Length)
        {
            return string.Empty;
        }

        ReadOnlySpan<byte> text = kernel[(offset + 0x200)..];
        text = text[..Math.Min(text.Length, 256)];
        int end = text.IndexOfAny((byte)0, (byte)' ');
        return end < 0 ? string.Empty : Encoding.ASCII.GetString(text[..end]);
    }
}
