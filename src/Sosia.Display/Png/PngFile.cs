using System;
using System.Buffers.Binary;
using System.IO;
using System.IO.Compression;
using Sosia.Core;

namespace Sosia.Display.Png;

/// <summary>Writes pictures as PNG files (ISO/IEC 15948): 24 bits for a pixel, each line as it is.</summary>
public static class PngFile
{
    private const int HeaderByteCount = 13;
    private const byte BitDepth = 8;
    private const byte TrueColor = 2;

    private static readonly uint[] CrcTable = MakeCrcTable();

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>Writes a picture. The file is complete or not there: it is written under another name first.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="image">The picture.</param>
    /// <exception cref="SosiaException">The file cannot be written.</exception>
    public static void Write(string path, ScreenImage image)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(image);
        string temporary = path + ".new";
        try
        {
            using (FileStream stream = File.Create(temporary))
            {
                Write(stream, image);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The picture '{path}' cannot be written ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }

    /// <summary>Writes a picture to a stream.</summary>
    public static void Write(Stream stream, ScreenImage image)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(image);
        byte[] header = new byte[HeaderByteCount];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), image.Height);
        header[8] = BitDepth;
        header[9] = TrueColor;
        stream.Write(Signature);
        WriteChunk(stream, "IHDR"u8, header);
        WriteChunk(stream, "IDAT"u8, Compress(image));
        WriteChunk(stream, "IEND"u8, []);
    }

    // A line is its filter's number, 0 for none, and its pixels' red, green and blue.
    private static ReadOnlySpan<byte> Compress(ScreenImage image)
    {
        var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            byte[] line = new byte[1 + (3 * image.Width)];
            for (int y = 0; y < image.Height; y++)
            {
                ReadOnlySpan<int> pixels = image.Pixels.Slice(y * image.Width, image.Width);
                for (int x = 0; x < pixels.Length; x++)
                {
                    line[(3 * x) + 1] = (byte)(pixels[x] >> 16);
                    line[(3 * x) + 2] = (byte)(pixels[x] >> 8);
                    line[(3 * x) + 3] = (byte)pixels[x];
                }

                zlib.Write(line);
            }
        }

        return compressed.GetBuffer().AsSpan(0, (int)compressed.Length);
    }

    private static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(type);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~AddToCrc(AddToCrc(uint.MaxValue, type), data));
        stream.Write(number);
    }

    private static uint AddToCrc(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            crc = CrcTable[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return crc;
    }

    private static uint[] MakeCrcTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? 0xedb8_8320 ^ (value >> 1) : value >> 1;
            }

            table[i] = value;
        }

        return table;
    }
}
