using System;
using System.Globalization;

namespace Sosia.Host.Linux.Network;

/// <summary>An IPv4 address with a port.</summary>
/// <param name="Address">The address in host byte order: 127.0.0.1 is 0x7f000001.</param>
/// <param name="Port">The port; 0 where the system is to choose one.</param>
public readonly record struct SocketAddress4(uint Address, ushort Port)
{
    /// <summary>127.0.0.1.</summary>
    public const uint Loopback = 0x7f00_0001;

    /// <summary>Writes the address as ADDRESS:PORT.</summary>
    public override string ToString() => $"{Format(Address)}:{Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>An address in the usual notation.</summary>
    public static string Format(uint address)
        => string.Create(CultureInfo.InvariantCulture, $"{address >> 24}.{(address >> 16) & 0xff}.{(address >> 8) & 0xff}.{address & 0xff}");

    /// <summary>Understands four decimal numbers with dots between.</summary>
    /// <returns>False when the text is anything else.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out uint address)
    {
        address = 0;
        int count = 0;
        foreach (Range range in text.Split('.'))
        {
            if (!byte.TryParse(text[range], NumberStyles.None, CultureInfo.InvariantCulture, out byte part) || ++count > 4)
            {
                return false;
            }

            address = (address << 8) | part;
        }

        return count == 4;
    }
}
