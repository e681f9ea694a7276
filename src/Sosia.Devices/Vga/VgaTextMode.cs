using System;
using System.IO;

namespace Sosia.Devices.Vga;

/// <summary>
/// The text mode of 80 × 25 characters that firmware leaves behind, for machines that start without it. The font is the 8 × 16 one of X11's
/// misc-fixed family (public domain) in the order of code page 437.
/// </summary>
internal static class VgaTextMode
{
    private const int FontByteCount = 4096;
    private const int CharacterByteCount = 16;

    private static ReadOnlySpan<byte> Sequencer => [0x03, 0x00, 0x03, 0x00, 0x02];

    private static ReadOnlySpan<byte> Crtc =>
    [
        0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
    ];

    private static ReadOnlySpan<byte> Graphics => [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x0f, 0xff];

    private static ReadOnlySpan<byte> Attribute =>
    [
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00,
    ];

    /// <summary>Programs the registers, the palette and the font, and clears the screen.</summary>
    public static void Set(VgaPorts ports, VgaMemory memory)
    {
        ports.Write(0x3c2, 0x67);
        WriteAll(ports, 0x3c4, Sequencer);
        ports.Write(0x3d4, 0x11);
        ports.Write(0x3d5, 0);
        WriteAll(ports, 0x3d4, Crtc);
        WriteAll(ports, 0x3ce, Graphics);
        WritePalette(ports);
        _ = ports.Read(0x3da);
        for (int i = 0; i < Attribute.Length; i++)
        {
            ports.Write(0x3c0, (byte)i);
            ports.Write(0x3c0, Attribute[i]);
        }

        ports.Write(0x3c0, 0x20);
        byte[] font = ReadFont();
        for (uint address = 0; address < 0x1_0000; address++)
        {
            uint value = (address & 1) == 0 && address < 0x8000 ? ' ' | 0x0700u : 0;
            uint character = address / 32;
            uint line = address % 32;
            if (character < 256 && line < CharacterByteCount)
            {
                value |= (uint)font[(character * CharacterByteCount) + line] << 16;
            }

            memory.WritePlanes(address, value);
        }
    }

    private static void WriteAll(VgaPorts ports, int indexPort, ReadOnlySpan<byte> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            ports.Write(indexPort, (byte)i);
            ports.Write(indexPort + 1, values[i]);
        }
    }

    // The 64 colours of six wires, two for each of red, green and blue: bits 5 to 3 a third, bits 2 to 0 two thirds.
    private static void WritePalette(VgaPorts ports)
    {
        ports.Write(0x3c6, 0xff);
        ports.Write(0x3c8, 0);
        for (int i = 0; i < 64; i++)
        {
            for (int part = 2; part >= 0; part--)
            {
                ports.Write(0x3c9, (byte)((0x2a * ((i >> part) & 1)) + (0x15 * ((i >> (part + 3)) & 1))));
            }
        }
    }

    private static byte[] ReadFont()
    {
        using Stream stream = typeof(VgaTextMode).Assembly.GetManifestResourceStream("Sosia.Devices.Vga.Font")
            ?? throw new InvalidOperationException("The program was built without its font.");
        byte[] font = new byte[FontByteCount];
        stream.ReadExactly(font);
        return font;
    }
}
