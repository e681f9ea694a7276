using System;
using System.Buffers.Binary;

namespace Sosia.Host.Linux.Probing;

/// <summary>Writes the smallest executable that Linux starts: an ELF header, one program header, and code at a fixed address (elf(5)).</summary>
public static class StaticElf
{
    /// <summary>How many bytes precede the code: the code's address is the image's plus this.</summary>
    public const int CodeOffset = HeaderByteCount + (2 * ProgramHeaderByteCount);

    private const int HeaderByteCount = 64;
    private const int ProgramHeaderByteCount = 56;
    private const uint Load = 1;
    private const uint GnuStack = 0x6474_e551;
    private const uint Executable = 1;
    private const uint Writable = 2;
    private const uint Readable = 4;

    /// <summary>Makes an x86-64 executable that starts at its code's first byte.</summary>
    /// <param name="imageAddress">Where it is mapped, read-only and executable; a multiple of 4096.</param>
    /// <param name="code">The code, which runs at <paramref name="imageAddress"/> plus <see cref="CodeOffset"/>.</param>
    /// <returns>The file's bytes.</returns>
    public static byte[] Build(ulong imageAddress, ReadOnlySpan<byte> code)
    {
        byte[] file = new byte[CodeOffset + code.Length];
        Span<byte> at = file;
        // Magic, 64 bits, little-endian, version 1.
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(at);
        BinaryPrimitives.WriteUInt16LittleEndian(at[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(at[18..], 62);
        BinaryPrimitives.WriteUInt32LittleEndian(at[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(at[24..], imageAddress + CodeOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(at[32..], HeaderByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(at[52..], HeaderByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(at[54..], ProgramHeaderByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(at[56..], 2);
        WriteProgramHeader(at[HeaderByteCount..], Load, Readable | Executable, imageAddress, (ulong)file.Length);
        // Without this one the process would get executable stacks.
        WriteProgramHeader(at[(HeaderByteCount + ProgramHeaderByteCount)..], GnuStack, Readable | Writable, 0, 0);
        code.CopyTo(at[CodeOffset..]);
        return file;
    }

    private static void WriteProgramHeader(Span<byte> at, uint type, uint flags, ulong address, ulong byteCount)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(at, type);
        BinaryPrimitives.WriteUInt32LittleEndian(at[4..], flags);
        BinaryPrimitives.WriteUInt64LittleEndian(at[16..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(at[24..], address);
        BinaryPrimitives.WriteUInt64LittleEndian(at[32..], byteCount);
        BinaryPrimitives.WriteUInt64LittleEndian(at[40..], byteCount);
        BinaryPrimitives.WriteUInt64LittleEndian(at[48..], 4096);
    }
}
