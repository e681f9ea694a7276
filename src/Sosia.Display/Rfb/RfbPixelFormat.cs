using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Sosia.Display.Rfb;

/// <summary>How a client wants its pixels (RFC 6143, section 7.4).</summary>
internal sealed class RfbPixelFormat
{
    /// <summary>The size of its form in messages.</summary>
    public const int ByteCount = 16;

    private readonly int _redMax;
    private readonly int _greenMax;
    private readonly int _blueMax;
    private readonly int _redShift;
    private readonly int _greenShift;
    private readonly int _blueShift;
    private readonly bool _isBigEndian;
    private readonly bool _isNative;

    private RfbPixelFormat(int bits, int depth, bool isBigEndian, bool isTrueColor, ReadOnlySpan<int> maxima, ReadOnlySpan<int> shifts)
    {
        BitsPerPixel = bits;
        Depth = depth;
        IsTrueColor = isTrueColor;
        _isBigEndian = isBigEndian && bits > 8;
        (_redMax, _greenMax, _blueMax) = (maxima[0], maxima[1], maxima[2]);
        (_redShift, _greenShift, _blueShift) = (shifts[0], shifts[1], shifts[2]);
        bool isEights = _redMax == 255 && _greenMax == 255 && _blueMax == 255;
        _isNative = bits == 32 && !_isBigEndian && isEights && _redShift == 16 && _greenShift == 8 && _blueShift == 0;
        int used = (_redMax << _redShift) | (_greenMax << _greenShift) | (_blueMax << _blueShift);
        bool fitsLow = (used & unchecked((int)0xff00_0000)) == 0;
        bool fitsHigh = (used & 0xff) == 0;
        IsCompact = bits == 32 && isTrueColor && depth <= 24 && (fitsLow || fitsHigh);
        CompactSkip = fitsLow == _isBigEndian ? 1 : 0;
    }

    /// <summary>32 bits, 0x00RRGGBB, little-endian: what needs no conversion.</summary>
    public static RfbPixelFormat Native { get; } = new(32, 24, isBigEndian: false, isTrueColor: true, [255, 255, 255], [16, 8, 0]);

    /// <summary>8, 16 or 32.</summary>
    public int BitsPerPixel { get; }

    /// <summary>Bits that count.</summary>
    public int Depth { get; }

    /// <summary>False when pixels are indices of a colour map, which then is 3 bits of red, 3 of green and 2 of blue.</summary>
    public bool IsTrueColor { get; }

    /// <summary>Bytes of a pixel.</summary>
    public int PixelByteCount => BitsPerPixel / 8;

    /// <summary>True when a byte of each pixel is always 0, which ZRLE then leaves out.</summary>
    public bool IsCompact { get; }

    /// <summary>1 when the byte to leave out is the first of the four, 0 when it is the last.</summary>
    public int CompactSkip { get; }

    /// <summary>Reads a format; null when it makes no sense.</summary>
    public static RfbPixelFormat? TryParse(ReadOnlySpan<byte> bytes)
    {
        int bits = bytes[0];
        if (bits is not (8 or 16 or 32))
        {
            return null;
        }

        if (bytes[3] == 0)
        {
            return bits == 8 ? new RfbPixelFormat(8, 8, isBigEndian: false, isTrueColor: false, [7, 7, 3], [5, 2, 0]) : null;
        }

        int[] maxima = new int[3];
        int[] shifts = new int[3];
        for (int i = 0; i < 3; i++)
        {
            maxima[i] = BinaryPrimitives.ReadUInt16BigEndian(bytes[(4 + (2 * i))..]);
            shifts[i] = bytes[10 + i];
            if (maxima[i] > 255 || !BitOperations.IsPow2(maxima[i] + 1) || shifts[i] >= bits || ((long)maxima[i] << shifts[i]) >> bits != 0)
            {
                return null;
            }
        }

        return new RfbPixelFormat(bits, bytes[1], bytes[2] != 0, isTrueColor: true, maxima, shifts);
    }

    /// <summary>Writes the format as in messages.</summary>
    public void Write(Span<byte> bytes)
    {
        bytes[..ByteCount].Clear();
        bytes[0] = (byte)BitsPerPixel;
        bytes[1] = (byte)Depth;
        bytes[2] = _isBigEndian ? (byte)1 : (byte)0;
        bytes[3] = IsTrueColor ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[4..], (ushort)_redMax);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)_greenMax);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[8..], (ushort)_blueMax);
        bytes[10] = (byte)_redShift;
        bytes[11] = (byte)_greenShift;
        bytes[12] = (byte)_blueShift;
    }

    /// <summary>Converts pixels.</summary>
    /// <param name="pixels">0x00RRGGBB.</param>
    /// <param name="bytes">Takes them, <see cref="PixelByteCount"/> bytes each.</param>
    public void Convert(ReadOnlySpan<int> pixels, Span<byte> bytes)
    {
        if (_isNative)
        {
            MemoryMarshal.AsBytes(pixels).CopyTo(bytes);
            return;
        }

        for (int i = 0; i < pixels.Length; i++)
        {
            uint value = Convert(pixels[i]);
            switch (BitsPerPixel)
            {
                case 8:
                    bytes[i] = (byte)value;
                    break;
                case 16 when _isBigEndian:
                    BinaryPrimitives.WriteUInt16BigEndian(bytes[(2 * i)..], (ushort)value);
                    break;
                case 16:
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * i)..], (ushort)value);
                    break;
                default:
                    if (_isBigEndian)
                    {
                        BinaryPrimitives.WriteUInt32BigEndian(bytes[(4 * i)..], value);
                    }
                    else
                    {
                        BinaryPrimitives.WriteUInt32LittleEndian(bytes[(4 * i)..], value);
                    }

                    break;
            }
        }
    }

    /// <summary>Back from a client's pixel to 0x00RRGGBB, as the client itself would show it.</summary>
    public int ToRgb(ReadOnlySpan<byte> pixel)
    {
        uint value = BitsPerPixel switch
        {
            8 => pixel[0],
            16 => _isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(pixel) : BinaryPrimitives.ReadUInt16LittleEndian(pixel),
            _ => _isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(pixel) : BinaryPrimitives.ReadUInt32LittleEndian(pixel),
        };
        int red = (int)((value >> _redShift) & (uint)_redMax) * 255 / Math.Max(1, _redMax);
        int green = (int)((value >> _greenShift) & (uint)_greenMax) * 255 / Math.Max(1, _greenMax);
        int blue = (int)((value >> _blueShift) & (uint)_blueMax) * 255 / Math.Max(1, _blueMax);
        return (red << 16) | (green << 8) | blue;
    }

    // Maxima are one less than powers of two: the highest bits of each colour.
    private uint Convert(int pixel)
    {
        uint red = (uint)((((pixel >> 16) & 0xff) * (_redMax + 1)) >> 8);
        uint green = (uint)((((pixel >> 8) & 0xff) * (_greenMax + 1)) >> 8);
        uint blue = (uint)(((pixel & 0xff) * (_blueMax + 1)) >> 8);
        return (red << _redShift) | (green << _greenShift) | (blue << _blueShift);
    }
}
