using System;
using System.Buffers.Binary;
using System.Text;

namespace Sosia.Devices.Usb;

/// <summary>What a device says of itself (USB 2.0, section 9.6).</summary>
/// <param name="ProductId">The product's number.</param>
/// <param name="Product">Its name.</param>
/// <param name="Serial">Its serial number.</param>
/// <param name="Configuration">The configuration descriptor with all that belongs to it; its length is filled in.</param>
internal sealed record UsbDescriptors(ushort ProductId, string Product, string Serial, byte[] Configuration)
{
    // A vendor of emulated devices; class drivers do not look at it.
    private const ushort VendorId = 0x0627;

    private const byte DeviceType = 1;
    private const byte ConfigurationType = 2;
    private const byte StringType = 3;

    /// <summary>Writes a descriptor.</summary>
    /// <param name="value">wValue of GET_DESCRIPTOR: type and index.</param>
    /// <param name="reply">Takes it.</param>
    /// <returns>Its length; -1 when there is none.</returns>
    public int Write(ushort value, Span<byte> reply)
    {
        switch (value >> 8)
        {
            case DeviceType:
                ReadOnlySpan<byte> device =
                [
                    18, DeviceType, 0x10, 0x01, 0, 0, 0, UsbDevice.ControlPacketByteCount, VendorId & 0xff, VendorId >> 8,
                    (byte)ProductId, (byte)(ProductId >> 8), 0x00, 0x01, 1, 2, 3, 1,
                ];
                device.CopyTo(reply);
                return device.Length;
            case ConfigurationType when (byte)value == 0:
                Configuration.CopyTo(reply);
                BinaryPrimitives.WriteUInt16LittleEndian(reply[2..], (ushort)Configuration.Length);
                return Configuration.Length;
            case StringType:
                return WriteString((byte)value, reply);
            default:
                return -1;
        }
    }

    private int WriteString(byte index, Span<byte> reply)
    {
        string? text = index switch
        {
            1 => "Sosia",
            2 => Product,
            3 => Serial,
            _ => null,
        };
        if (index == 0)
        {
            // The languages: American English.
            ReadOnlySpan<byte> languages = [4, StringType, 0x09, 0x04];
            languages.CopyTo(reply);
            return languages.Length;
        }

        if (text is null)
        {
            return -1;
        }

        int byteCount = 2 + Encoding.Unicode.GetBytes(text, reply[2..]);
        reply[0] = (byte)byteCount;
        reply[1] = StringType;
        return byteCount;
    }
}
