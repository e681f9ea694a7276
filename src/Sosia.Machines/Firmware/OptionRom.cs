using System;
using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using Sosia.Core;
using Sosia.Devices.FwCfg;

namespace Sosia.Machines.Firmware;

/// <summary>
/// A ROM with an extension of the firmware, such as the BIOS of a display adapter or a network card: <c>file=F[,at=ADDRESS]</c>. With an address it is a chip on the ISA
/// bus, where every BIOS finds it by looking through memory; without, firmware that knows fw_cfg (SeaBIOS) loads it where it likes. A video BIOS that says that it was made for
/// the display adapter's PCI identity goes into the adapter instead.
/// </summary>
/// <param name="Name">Its file's name, without folders.</param>
/// <param name="Content">What it holds.</param>
/// <param name="GuestPhysical">Where it is in memory; null for nowhere.</param>
public sealed record OptionRom(string Name, byte[] Content, ulong? GuestPhysical)
{
    /// <summary>Where among the files of fw_cfg SeaBIOS finds ROMs to load.</summary>
    public const string Folder = "genroms/";

    private const string Syntax = "file=F[,at=ADDRESS]";
    private const int MaxByteCount = 0x3_0000;

    // The first two bytes of every option ROM, and the unit in which BIOSes look for them (BIOS Boot Specification 1.01, section 2.3).
    private const ushort Signature = 0xaa55;
    private const ulong Step = 0x800;

    // Where a ROM of a PCI device says where its PCI data structure is.
    private const int DataPointer = 0x18;

    /// <summary>Whether its PCI data structure names this device (PCI Local Bus Specification 3.0, section 6.3.1.2).</summary>
    /// <param name="vendorId">The device's vendor.</param>
    /// <param name="deviceId">The device.</param>
    public bool IsFor(ushort vendorId, ushort deviceId)
    {
        if (Content.Length < DataPointer + 2)
        {
            return false;
        }

        int data = BinaryPrimitives.ReadUInt16LittleEndian(Content.AsSpan(DataPointer));
        return data + 8 <= Content.Length
            && Content.AsSpan(data, 4).SequenceEqual("PCIR"u8)
            && BinaryPrimitives.ReadUInt16LittleEndian(Content.AsSpan(data + 4)) == vendorId
            && BinaryPrimitives.ReadUInt16LittleEndian(Content.AsSpan(data + 6)) == deviceId;
    }

    /// <summary>Understands the option and reads the file.</summary>
    /// <exception cref="SosiaException">The text is not of the form, or the file cannot be read or is no option ROM.</exception>
    public static OptionRom Parse(string text)
    {
        string? file = null;
        ulong? address = null;
        foreach (string part in OptionList.Split(text))
        {
            if (part.StartsWith("file=", StringComparison.Ordinal) && file is null)
            {
                file = part["file=".Length..];
            }
            else if (part.StartsWith("at=", StringComparison.Ordinal) && address is null)
            {
                address = ParseAddress(part["at=".Length..]);
            }
            else
            {
                throw new SosiaException($"The option ROM '{text}' cannot be understood at '{part}'; the form is {Syntax}, and a comma in a file name is written twice.");
            }
        }

        if (string.IsNullOrEmpty(file))
        {
            throw new SosiaException($"The option ROM '{text}' names no file; the form is {Syntax}.");
        }

        string name = Path.GetFileName(file);
        if (address is null && !FwCfgDevice.IsFileName(Folder + name))
        {
            throw new SosiaException($"The option ROM '{file}' has a name that firmware cannot read; give it at most {FwCfgDevice.MaxNameByteCount - Folder.Length} ASCII characters.");
        }

        byte[] content = Read(file);
        return content.Length >= 3 && BitConverter.ToUInt16(content) == Signature
            ? new OptionRom(name, content, address)
            : throw new SosiaException($"The file '{file}' is no option ROM: it does not begin with the bytes 55 AA; name another one.");
    }

    private static ulong ParseAddress(string text)
    {
        bool isHexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(isHexadecimal ? text.AsSpan(2) : text, isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out ulong address)
            && address is >= 0xc_0000 and < 0xf_0000 && address % Step == 0
            ? address
            : throw new SosiaException($"An option ROM cannot be at '{text}'; give a multiple of 0x{Step:x} from 0xc0000 to 0xef800, such as at=0xc0000 for a display adapter's.");
    }

    private static byte[] Read(string path)
    {
        try
        {
            long byteCount = new FileInfo(path).Length;
            return byteCount <= MaxByteCount
                ? File.ReadAllBytes(path)
                : throw new SosiaException($"The option ROM '{path}' has {byteCount} bytes; name one of at most {MaxByteCount >> 10} KiB.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SosiaException($"The option ROM '{path}' cannot be read ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }
}
