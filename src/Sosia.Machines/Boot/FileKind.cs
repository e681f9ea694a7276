using System;

namespace Sosia.Machines.Boot;

/// <summary>Recognizes common kinds of files by their first bytes, so that errors can say what a wrong file is.</summary>
internal static class FileKind
{
    /// <summary>The name of gzip files.</summary>
    public const string Gzip = "a gzip file";

    private const string Cpio = "a cpio archive";
    private const string CompressedPrefix = "compressed data";
    private const string FileSystemPrefix = "a file system image";
    private const string LinuxKernel = "a Linux kernel (bzImage)";

    /// <summary>What a file looks like, with its article; null when it cannot be told.</summary>
    /// <param name="head">Its first 1 KiB, or all of it.</param>
    public static string? Recognize(ReadOnlySpan<byte> head)
    {
        if (head.Length > 0x206 && head[0x202..].StartsWith("HdrS"u8))
        {
            return LinuxKernel;
        }

        return head switch
        {
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) => Gzip,
            _ when head.StartsWith("070701"u8) || head.StartsWith("070702"u8) => Cpio,
            _ when head.StartsWith((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0]) => CompressedPrefix + " (xz)",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) => CompressedPrefix + " (zstd)",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x02, 0x21, 0x4c, 0x18]) => CompressedPrefix + " (lz4)",
            _ when head.StartsWith("BZh"u8) => CompressedPrefix + " (bzip2)",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'L', (byte)'Z', (byte)'O']) => CompressedPrefix + " (lzo)",
            _ when head.StartsWith("hsqs"u8) => FileSystemPrefix + " (squashfs)",
            _ when head.StartsWith("-rom1fs-"u8) => FileSystemPrefix + " (romfs)",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F']) => DescribeElf(head),
            _ when head.StartsWith("MZ"u8) => "a DOS, Windows or EFI program",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x51, 0x46, 0x49, 0xfb]) => "a qcow2 disk image",
            _ when head.StartsWith("#!"u8) => "a script",
            _ when head.StartsWith("PK\x03\x04"u8) => "a zip file",
            _ when head.StartsWith("%PDF"u8) => "a PDF document",
            _ when head.StartsWith("!<arch>"u8) => "a Debian package or an archive of object files",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x27, 0x05, 0x19, 0x56]) => "a U-Boot image",
            _ when head.Length >= 512 && head[510] == 0x55 && head[511] == 0xaa => "a boot sector or disk image",
            _ when IsText(head) => "a text file",
            _ => null,
        };
    }

    /// <summary>True when what <see cref="Recognize"/> returned is a form in which Linux takes a RAM disk.</summary>
    public static bool CanBeInitrd(string kind)
        => kind is Gzip or Cpio || kind.StartsWith(CompressedPrefix, StringComparison.Ordinal) || kind.StartsWith(FileSystemPrefix, StringComparison.Ordinal);

    private static string DescribeElf(ReadOnlySpan<byte> head)
    {
        string machine = head.Length < 20 ? "unknown" : (head[5] == 2 ? (head[18] << 8) | head[19] : head[18] | (head[19] << 8)) switch
        {
            2 => "SPARC",
            3 => "32-bit x86",
            4 => "68k",
            8 => "MIPS",
            20 => "32-bit PowerPC",
            21 => "64-bit PowerPC",
            40 => "32-bit Arm",
            62 => "64-bit x86",
            183 => "64-bit Arm",
            243 => "RISC-V",
            _ => "unknown",
        };
        return $"an ELF file for {machine}";
    }

    private static bool IsText(ReadOnlySpan<byte> head)
    {
        foreach (byte value in head)
        {
            if (value is not (>= 0x20 and < 0x7f) and not 9 and not 10 and not 13)
            {
                return false;
            }
        }

        return true;
    }
}
