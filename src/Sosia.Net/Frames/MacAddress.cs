using System;
using System.Globalization;

namespace Sosia.Net.Frames;

/// <summary>An Ethernet address.</summary>
/// <param name="Value">Its 48 bits, the first byte on the wire highest.</param>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>Its length in frames.</summary>
    public const int ByteCount = 6;

    /// <summary>All stations.</summary>
    public static MacAddress Broadcast { get; } = new(0xffff_ffff_ffff);

    /// <summary>True for an address of several stations.</summary>
    public bool IsGroup => (Value >> 40 & 1) != 0;

    /// <summary>Reads an address from a frame.</summary>
    public static MacAddress Read(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = 0; i < ByteCount; i++)
        {
            value = (value << 8) | bytes[i];
        }

        return new MacAddress(value);
    }

    /// <summary>Writes the address into a frame.</summary>
    public void Write(Span<byte> bytes)
    {
        for (int i = 0; i < ByteCount; i++)
        {
            bytes[i] = (byte)(Value >> (40 - (8 * i)));
        }
    }

    /// <summary>Understands six hexadecimal numbers with colons between.</summary>
    /// <returns>False for anything else.</returns>
    public static bool TryParse(string text, out MacAddress address)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = default;
        string[] parts = text.Split(':');
        ulong value = 0;
        foreach (string part in parts)
        {
            if (part.Length != 2 || !byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte one))
            {
                return false;
            }

            value = (value << 8) | one;
        }

        address = new MacAddress(value);
        return parts.Length == ByteCount;
    }

    /// <summary>Six hexadecimal numbers with colons between.</summary>
    public override string ToString()
        => string.Create(CultureInfo.InvariantCulture, $"{(byte)(Value >> 40):x2}:{(byte)(Value >> 32):x2}:{(byte)(Value >> 24):x2}:{(byte)(Value >> 16):x2}:{(byte)(Value >> 8):x2}:{(byte)Value:x2}");
}
