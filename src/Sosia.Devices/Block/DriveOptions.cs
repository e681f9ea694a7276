using System;
using System.Collections.Generic;
using System.Globalization;
using Sosia.Core;
using Sosia.Images;
using Sosia.Images.Raw;

namespace Sosia.Devices.Block;

/// <summary>
/// What a user says of one drive: <c>file=F,format=raw|qcow2|vmdk|vdi|vhd|vhdx|auto,if=virtio[,readonly][,snapshot]</c> and more. A comma in a value is written twice.
/// </summary>
/// <param name="File">The image file or the host's block device; empty for a drive for removable media with nothing in it.</param>
/// <param name="Format">The file's format; null to recognize it by its header.</param>
/// <param name="Interface">How the guest sees it.</param>
/// <param name="IsReadOnly">True when the guest may not write.</param>
/// <param name="IsSnapshot">True when the guest's writes vanish with the machine and the file stays untouched.</param>
public sealed record DriveOptions(string File, ImageFormat? Format = ImageFormat.Raw, DriveInterface Interface = DriveInterface.Virtio, bool IsReadOnly = false, bool IsSnapshot = false)
{
    private const string Syntax = "file=F,format=raw|qcow2|vmdk|vdi|vhd|vhdx|auto,if=virtio|ide|cdrom|floppy|ahci|nvme|usb[,media=disk|cdrom][,index=N][,readonly][,snapshot][,werror=enospc|stop|report][,rerror=report|stop]";

    private const int MaxIndex = 31;

    /// <summary>True for a CD-ROM drive, on IDE or AHCI.</summary>
    public bool IsCdRom { get; init; }

    /// <summary>Its place among the drives of its interface, from 0; null for the first that is free.</summary>
    public int? Index { get; init; }

    /// <summary>What becomes of failures of the host.</summary>
    public BlockErrorPolicy ErrorPolicy { get; init; } = BlockErrorPolicy.Default;

    /// <summary>True when the medium can be changed while the machine runs.</summary>
    public bool IsRemovable => IsCdRom || Interface == DriveInterface.Floppy;

    /// <summary>True when there is something in the drive.</summary>
    public bool HasMedium => File.Length != 0;

    /// <summary>Understands a drive option.</summary>
    /// <exception cref="SosiaException">A key or value is unknown, repeated or not implemented yet; the message names it.</exception>
    public static DriveOptions Parse(string text)
    {
        string? file = null;
        ImageFormat? format = null;
        bool readOnly = false;
        bool snapshot = false;
        bool? isCdRom = null;
        int? index = null;
        BlockErrorPolicy policy = BlockErrorPolicy.Default;
        DriveInterface? drive = null;
        HashSet<string> seen = [];
        foreach (string part in OptionList.Split(text))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? part : part[..equals];
            string? value = equals < 0 ? null : part[(equals + 1)..];
            if (!seen.Add(key))
            {
                throw new SosiaException($"The drive option '{text}' gives '{key}' twice; give it once.");
            }

            switch (key)
            {
                case "file":
                    file = RequireValue(key, value, text);
                    break;
                case "format":
                    format = DiskImages.ParseFormat(RequireValue(key, value, text));
                    break;
                case "if" when value == "cdrom":
                    drive = DriveInterface.Ide;
                    isCdRom = isCdRom == false ? throw MediaContradiction(text) : true;
                    break;
                case "if":
                    drive = ParseInterface(RequireValue(key, value, text));
                    break;
                case "media":
                    bool isCd = ParseMedia(RequireValue(key, value, text));
                    isCdRom = isCdRom is { } other && other != isCd ? throw MediaContradiction(text) : isCd;
                    break;
                case "index":
                    index = ParseIndex(RequireValue(key, value, text));
                    break;
                case "werror":
                    policy = policy with { Writes = ParseErrorAction(key, RequireValue(key, value, text)) };
                    break;
                case "rerror":
                    policy = policy with { Reads = ParseErrorAction(key, RequireValue(key, value, text)) };
                    break;
                case "readonly":
                    readOnly = ParseSwitch(key, value);
                    break;
                case "snapshot":
                    snapshot = ParseSwitch(key, value);
                    break;
                default:
                    throw new SosiaException($"The drive option '{text}' has the unknown key '{key}'; the form is {Syntax}, and a comma in a file name is written twice.");
            }
        }

        // "media=cdrom" alone means the usual place of a CD-ROM drive.
        DriveInterface chosen = drive ?? (isCdRom == true ? DriveInterface.Ide : DriveInterface.Virtio);
        if (isCdRom == true && chosen is not (DriveInterface.Ide or DriveInterface.Ahci))
        {
            throw new SosiaException($"The drive option '{text}' wants a CD-ROM drive on an interface that has none; say if=ide or if=ahci.");
        }

        var options = new DriveOptions(file ?? string.Empty, format, chosen, readOnly || isCdRom == true, snapshot && isCdRom != true)
        {
            IsCdRom = isCdRom == true,
            Index = index,
            ErrorPolicy = policy,
        };
        return options.HasMedium || options.IsRemovable
            ? options
            : throw new SosiaException($"The drive option '{text}' names no file; the form is {Syntax}.");
    }

    /// <summary>True when a PC's firmware would start what the file holds: its first sector ends with the signature of a boot record.</summary>
    /// <returns>False also for what cannot be read; <see cref="Open"/> says why.</returns>
    public bool HasBootRecord()
    {
        // A folder has a partition table too, but nothing to start.
        if (!HasMedium || DiskImages.IsFolder(File))
        {
            return false;
        }

        Span<byte> sector = stackalloc byte[512];
        try
        {
            using DiskImage image = DiskImages.Open(File, new ImageOpenOptions { Format = Format, IsReadOnly = true });
            return image.Read(0, sector) == BlockResult.Ok && sector[510] == 0x55 && sector[511] == 0xaa;
        }
        catch (SosiaException)
        {
            return false;
        }
    }

    /// <summary>Opens and locks what the options name.</summary>
    /// <exception cref="SosiaException">The file cannot be used; the message says why and what to do.</exception>
    public IBlockBackend Open()
    {
        DiskImage image = DiskImages.Open(File, new ImageOpenOptions { Format = Format, IsReadOnly = IsReadOnly || IsSnapshot });
        return IsSnapshot && !IsReadOnly ? OverlayBackend.Create(image) : image;
    }

    private static string RequireValue(string key, string? value, string text)
        => string.IsNullOrEmpty(value) ? throw new SosiaException($"The drive option '{text}' gives no value for '{key}'; write {key}=VALUE.") : value;

    private static DriveInterface ParseInterface(string value) => value switch
    {
        "virtio" => DriveInterface.Virtio,
        "ide" => DriveInterface.Ide,
        "floppy" => DriveInterface.Floppy,
        "ahci" => DriveInterface.Ahci,
        "nvme" => DriveInterface.Nvme,
        "usb" => DriveInterface.Usb,
        "scsi" => throw new SosiaException($"The drive interface '{value}' is not implemented; say if=virtio, ide, cdrom, floppy, ahci, nvme or usb."),
        _ => throw new SosiaException($"The drive interface '{value}' is unknown; say if=virtio, ide, cdrom, floppy, ahci, nvme or usb."),
    };

    private static bool ParseMedia(string value) => value switch
    {
        "cdrom" => true,
        "disk" => false,
        _ => throw new SosiaException($"The drive option 'media' has the value '{value}'; say media=disk or media=cdrom."),
    };

    private static int ParseIndex(string value)
        => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index <= MaxIndex
            ? index
            : throw new SosiaException($"The drive option 'index' has the value '{value}'; give a number from 0 to {MaxIndex}.");

    private static BlockErrorAction ParseErrorAction(string key, string value) => value switch
    {
        "report" => BlockErrorAction.Report,
        "stop" => BlockErrorAction.Stop,
        "enospc" => BlockErrorAction.StopWhenFull,
        _ => throw new SosiaException($"The drive option '{key}' has the value '{value}'; say {key}=report, {key}=stop or {key}=enospc."),
    };

    private static SosiaException MediaContradiction(string text)
        => new($"The drive option '{text}' asks for a disk and for a CD-ROM drive at once; say media=cdrom or media=disk.");

    private static bool ParseSwitch(string key, string? value) => value switch
    {
        null or "on" => true,
        "off" => false,
        _ => throw new SosiaException($"The drive option '{key}' has the value '{value}'; say {key}, {key}=on or {key}=off."),
    };
}
