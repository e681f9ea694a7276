using System;
using System.Buffers.Binary;

namespace Sosia.Machines.Tests.Boot;

/// <summary>Makes kernel files of the formats that the boot protocols understand, around a piece of code.</summary>
internal static class KernelImages
{
    public const uint PreferredAddress = 0x40_0000;
    public const int InitByteCount = 0x10_0000;

    /// <summary>A bzImage of protocol 2.15 whose 32-bit entry is at the code's start and whose 64-bit entry at 0x200.</summary>
    public static byte[] BzImage(byte[] code32, byte[] code64, bool hasLongEntry = true)
    {
        const int SetupByteCount = 2 * 512;
        int systemByteCount = ((0x200 + code64.Length) + 15) & ~15;
        byte[] file = new byte[SetupByteCount + systemByteCount];
        Span<byte> bytes = file;
        bytes[0x1f1] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[0x1f4..], systemByteCount / 16);
        bytes[0x1fe] = 0x55;
        bytes[0x1ff] = 0xaa;
        bytes[0x200] = 0xeb;
        bytes[0x201] = 0x6a;
        "HdrS"u8.CopyTo(bytes[0x202..]);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[0x206..], 0x20f);
        bytes[0x211] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[0x22c..], 0x7fff_ffff);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[0x230..], 0x20_0000);
        bytes[0x234] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[0x236..], (ushort)(hasLongEntry ? 1 : 0));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[0x238..], 255);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[0x258..], PreferredAddress);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[0x260..], InitByteCount);
        code32.CopyTo(bytes[SetupByteCount..]);
        code64.CopyTo(bytes[(SetupByteCount + 0x200)..]);
        return file;
    }

    /// <summary>An ELF file with one segment at 2 MiB, of twice the code's size in memory, and optionally a PVH entry note.</summary>
    public static byte[] Elf(byte[] code, bool is64Bit, bool hasNote, ushort machine = 0)
    {
        const uint Address = 0x20_0000;
        int headerByteCount = is64Bit ? 64 : 52;
        int programByteCount = is64Bit ? 56 : 32;
        int noteOffset = headerByteCount + (2 * programByteCount);
        int codeOffset = noteOffset + 20;
        byte[] file = new byte[codeOffset + code.Length];
        Span<byte> bytes = file;
        ((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', (byte)(is64Bit ? 2 : 1), 1, 1]).CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[18..], machine != 0 ? machine : is64Bit ? (ushort)62 : (ushort)3);
        WriteWord(bytes[24..], Address, is64Bit);
        WriteWord(bytes[(is64Bit ? 32 : 28)..], (ulong)headerByteCount, is64Bit);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[(is64Bit ? 54 : 42)..], (ushort)programByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[(is64Bit ? 56 : 44)..], 2);
        WriteProgram(bytes[headerByteCount..], 1, codeOffset, Address, code.Length, 2 * code.Length, is64Bit);
        WriteProgram(bytes[(headerByteCount + programByteCount)..], hasNote ? 4u : 0u, noteOffset, 0, 20, 20, is64Bit);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[noteOffset..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[(noteOffset + 4)..], 4);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[(noteOffset + 8)..], 18);
        "Xen\0"u8.CopyTo(bytes[(noteOffset + 12)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[(noteOffset + 16)..], Address);
        code.CopyTo(bytes[codeOffset..]);
        return file;
    }

    /// <summary>A multiboot kernel that gives its addresses in the header, at 2 MiB; the code follows the header.</summary>
    public static byte[] Multiboot(byte[] code, uint flags = 1 << 16)
    {
        const uint Address = 0x20_0000;
        byte[] file = new byte[32 + code.Length];
        uint[] words = [0x1bad_b002, flags, unchecked(0u - 0x1bad_b002 - flags), Address, Address, 0, (uint)(Address + file.Length + 0x1000), Address + 32];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(4 * i), words[i]);
        }

        code.CopyTo(file.AsSpan(32));
        return file;
    }

    /// <summary>An ELF multiboot kernel: the header is the first thing of the segment.</summary>
    public static byte[] MultibootElf(byte[] code)
    {
        byte[] jump = [0xeb, 0x0e, 0, 0];
        byte[] header = Multiboot([], flags: 0)[..12];
        return Elf([.. jump, .. header, .. code], is64Bit: false, hasNote: false);
    }

    private static void WriteProgram(Span<byte> header, uint type, int offset, uint address, int fileByteCount, int memoryByteCount, bool is64Bit)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        if (is64Bit)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(header[8..], (ulong)offset);
            BinaryPrimitives.WriteUInt64LittleEndian(header[16..], address);
            BinaryPrimitives.WriteUInt64LittleEndian(header[24..], address);
            BinaryPrimitives.WriteUInt64LittleEndian(header[32..], (ulong)fileByteCount);
            BinaryPrimitives.WriteUInt64LittleEndian(header[40..], (ulong)memoryByteCount);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)offset);
            BinaryPrimitives.WriteUInt32LittleEndian(header[8..], address);
            BinaryPrimitives.WriteUInt32LittleEndian(header[12..], address);
            BinaryPrimitives.WriteUInt32LittleEndian(header[16..], (uint)fileByteCount);
            BinaryPrimitives.WriteUInt32LittleEndian(header[20..], (uint)memoryByteCount);
        }
    }

    private static void WriteWord(Span<byte> destination, ulong value, bool is64Bit)
    {
        if (is64Bit)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)value);
        }
    }
}
