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
