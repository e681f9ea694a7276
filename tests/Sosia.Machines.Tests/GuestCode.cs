using System;
using System.Collections.Generic;
using System.Text;

namespace Sosia.Machines.Tests;

/// <summary>Puts together tiny guests: real-mode or 32-bit code, the encodings used are the same in both.</summary>
internal sealed class GuestCode
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public byte[] ToArray() => [.. _bytes];

    public GuestCode Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>
    /// From 32-bit mode, paging off, to 64-bit mode with the first 4 MiB mapped to themselves, by page tables at 3 MiB; vector instructions are
    /// enabled. The code so far and this must begin at 1 MiB.
    /// </summary>
    public GuestCode EnterLongMode()
    {
        // mov dword [table], entry
        foreach ((uint address, uint entry) in (ReadOnlySpan<(uint, uint)>)[(0x30_0000, 0x30_1003), (0x30_1000, 0x30_2003), (0x30_2000, 0x83), (0x30_2008, 0x20_0083)])
        {
            Raw(0xc7, 0x05).Word32(address).Word32(entry);
        }

        Raw(0xb8).Word32(0x30_0000).Raw(0x0f, 0x22, 0xd8); // mov cr3
        Raw(0xb8).Word32(0x620).Raw(0x0f, 0x22, 0xe0); // mov cr4: PAE, OSFXSR, OSXMMEXCPT
        Raw(0xb9).Word32(0xc000_0080).Raw(0x0f, 0x32, 0x0d).Word32(0x100).Raw(0x0f, 0x30); // EFER.LME
        Raw(0xb8).Word32(0x8000_0011).Raw(0x0f, 0x22, 0xc0); // mov cr0: PG, ET, PE
        // lgdt [behind the jump]; jmp 8:behind the table
        uint table = 0x10_0000 + (uint)Length + 14;
        return Raw(0x0f, 0x01, 0x15).Word32(table).Raw(0xea).Word32(table + 6 + 16).Raw(0x08, 0x00)
            .Raw(0x0f, 0x00).Word32(table + 6)
            .Raw(0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x9a, 0xaf, 0);
    }

    /// <summary>Four bytes, the lowest first.</summary>
    public GuestCode Word32(uint value) => Raw((byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24));

    /// <summary>mov dx, port; mov al, value; out dx, al.</summary>
    public GuestCode Out(ushort port, byte value, bool is32Bit)
    {
        if (is32Bit)
        {
            Raw(0x66);
        }

        return Raw(0xba, (byte)port, (byte)(port >> 8), 0xb0, value, 0xee);
    }

    /// <summary>mov dx, port; mov ax, value; out dx, ax.</summary>
    public GuestCode OutWord(ushort port, ushort value, bool is32Bit)
    {
        if (is32Bit)
        {
            return Raw(0x66, 0xba, (byte)port, (byte)(port >> 8), 0x66, 0xb8, (byte)value, (byte)(value >> 8), 0x66, 0xef);
        }

        return Raw(0xba, (byte)port, (byte)(port >> 8), 0xb8, (byte)value, (byte)(value >> 8), 0xef);
    }

    /// <summary>Writes a text to COM1, without waiting: the port is always ready.</summary>
    public GuestCode Print(string text, bool is32Bit)
    {
        foreach (byte value in Encoding.ASCII.GetBytes(text))
        {
            Out(0x3f8, value, is32Bit);
        }

        return this;
    }

    /// <summary>cli; hlt; jmp to the hlt.</summary>
    public GuestCode Stop() => Raw(0xfa, 0xf4, 0xeb, 0xfd);

    /// <summary>A jump to itself.</summary>
    public GuestCode Spin() => Raw(0xeb, 0xfe);
}
