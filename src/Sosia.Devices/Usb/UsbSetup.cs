using System;
using System.Buffers.Binary;

namespace Sosia.Devices.Usb;

/// <summary>The eight bytes that begin a control transfer (USB 2.0, section 9.3).</summary>
/// <param name="Type">bmRequestType: direction, kind, recipient.</param>
/// <param name="Request">bRequest.</param>
/// <param name="Value">wValue.</param>
/// <param name="Index">wIndex.</param>
/// <param name="Length">wLength: how many bytes follow, or may.</param>
internal readonly record struct UsbSetup(byte Type, byte Request, ushort Value, ushort Index, ushort Length)
{
    /// <summary>How many bytes it has.</summary>
    public const int ByteCount = 8;

    /// <summary>True when the data go to the host.</summary>
    public bool IsToHost => (Type & 0x80) != 0;

    /// <summary>Type and request as one number, for comparing.</summary>
    public int Code => (Type << 8) | Request;

    /// <summary>Understands eight bytes.</summary>
    public static UsbSetup Parse(ReadOnlySpan<byte> bytes) => new(
        bytes[0],
        bytes[1],
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]));
}
