using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Sosia.Core;

namespace Sosia.Devices.Block;

/// <summary>
/// What a user says of one drive: <c>file=F,format=raw,if=virtio[,readonly][,snapshot]</c> and more. A comma in a value is written twice.
/// </summary>
/// <param name="File">The image file or the host's block device; empty for a drive for removable media with nothing in it.</param>
/// <param name="FormatIsGiven">True when the user named the format; otherwise raw is taken, but not for what looks like another format.</param>
/// <param name="Interface">How the guest sees it.</param>
/// <param name="IsReadOnly">True when the guest may not write.</param>
/// <param name="IsSnapshot">True when the guest's writes vanish with the machine and the file stays untouched.</param>
public sealed record DriveOptions(string File, bool FormatIsGiven = true, DriveInterface Interface = DriveInterface.Virtio, bool IsReadOnly = false, bool IsSnapshot = false)
{
    private const string Syntax = "file=F,format=raw,if=virtio|ide|cdrom|floppy|ahci|nvme[,media=disk|cdrom][,index=N][,readonly][,snapshot][,werror=enospc|stop|report][,rerror=report|stop]";

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
        bool formatIsGiven = false;
        bool readOnly = false;
        bool snapshot = false;
        bool? isCdRom = null;
        int? index = null;
        BlockErrorPolicy policy = BlockErrorPolicy.Default;
        DriveInterface? drive = null;
        HashSet<string> seen = [];
        foreach (string part in Split(text))
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
                    CheckFormat(RequireValue(key, value, text));
                    formatIsGiven = true;
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

        var options = new DriveOptions(file ?? string.Empty, formatIsGiven, chosen, readOnly || isCdRom == true, snapshot && isCdRom != true)
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
        Span<byte> sector = stackalloc byte[512];
        try
        {
            using FileStream file = new(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return file.ReadAtLeast(sector, sector.Length, throwOnEndOfStream: false) == sector.Length && sector[510] == 0x55 && sector[511] == 0xaa;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    /// <summary>Opens and locks what the options name.</summary>
    /// <exception cref="SosiaException">The file cannot be used; the message says why and what to do.</exception>
    public IBlockBackend Open()
    {
        RawFileBackend raw = RawFileBackend.Open(File, IsReadOnly || IsSnapshot);
        try
        {
            if (!FormatIsGiven)
            {
                RefuseOtherFormats(raw);
            }
        }
        catch (SosiaException)
        {
            raw.Dispose();
            throw;
        }

        return IsSnapshot && !IsReadOnly ? OverlayBackend.Create(raw) : raw;
    }

    // A raw disk whose guest writes the header of another format must not become that format at the next start, so there is no
    // guessing; but an image of another format given without its name is refused rather than offered as a disk full of nonsense.
    private void RefuseOtherFormats(RawFileBackend raw)
    {
        Span<byte> header = stackalloc byte[512];
        if (raw.Read(0, header) != BlockResult.Ok)
        {
            throw new SosiaException($"The disk image '{File}' cannot be read; check the file and the host's storage.");
        }

        string? format = header.StartsWith((ReadOnlySpan<byte>)[0x51, 0x46, 0x49, 0xfb]) ? "qcow2"
            : header.StartsWith("KDMV"u8) ? "vmdk"
            : header.StartsWith("conectix"u8) ? "vpc"
            : header.StartsWith("vhdxfile"u8) ? "vhdx"
            : header.StartsWith("<<< "u8) ? "vdi"
            : null;
        if (format is not null)
        {
            throw new SosiaException($"The disk image '{File}' looks like format '{format}', which is not implemented yet; convert it to raw, or add format=raw to the drive if it is meant as it is.");
        }
    }

    private static string RequireValue(string key, string? value, string text)
        => string.IsNullOrEmpty(value) ? throw new SosiaException($"The drive option '{text}' gives no value for '{key}'; write {key}=VALUE.") : value;

    private static void CheckFormat(string value)
    {
        switch (value)
        {
            case "raw":
                break;
            case "qcow2" or "vmdk" or "vdi" or "vpc" or "vhdx":
                throw new SosiaException($"The drive format '{value}' is not implemented yet; convert the image to raw and say format=raw.");
            default:
                throw new SosiaException($"The drive format '{value}' is unknown; say format=raw.");
        }
    }

    private static DriveInterface ParseInterface(string value) => value switch
    {
        "virtio" => DriveInterface.Virtio,
        "ide" => DriveInterface.Ide,
        "floppy" => DriveInterface.Floppy,
        "ahci" => DriveInterface.Ahci,
        "nvme" => DriveInterface.Nvme,
        "scsi" => throw new SosiaException($"The drive interface '{value}' is not implemented; say if=virtio, ide, cdrom, floppy, ahci or nvme."),
        _ => throw new SosiaException($"The drive interface '{value}' is unknown; say if=virtio, ide, cdrom, floppy, ahci or nvme."),
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

    private static List<string> Split(string text)
    {
        List<string> parts = [];
        var part = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != ',')
            {
                part.Append(text[i]);
            }
            else if (i + 1 < text.Length && text[i + 1] == ',')
            {
                part.Append(',');
                i++;
            }
            else
            {
                parts.Add(part.ToString());
                part.Clear();
            }
        }

        parts.Add(part.ToString());
        return parts;
    }
}
