using System;
using System.Collections.Generic;
using System.Text;
using Sosia.Core;
using Sosia.Images;
using Sosia.Images.Raw;

namespace Sosia.Devices.Block;

/// <summary>
/// What a user says of one drive: <c>file=F,format=raw|qcow2|vmdk|vdi|vhd|vhdx|auto,if=virtio[,readonly][,snapshot]</c>. A comma in a value is written twice.
/// </summary>
/// <param name="File">The image file or the host's block device.</param>
/// <param name="Format">The file's format; null to recognize it by its header.</param>
/// <param name="Interface">How the guest sees it.</param>
/// <param name="IsReadOnly">True when the guest may not write.</param>
/// <param name="IsSnapshot">True when the guest's writes vanish with the machine and the file stays untouched.</param>
public sealed record DriveOptions(string File, ImageFormat? Format = ImageFormat.Raw, DriveInterface Interface = DriveInterface.Virtio, bool IsReadOnly = false, bool IsSnapshot = false)
{
    private const string Syntax = "file=F,format=raw|qcow2|vmdk|vdi|vhd|vhdx|auto,if=virtio[,readonly][,snapshot]";

    /// <summary>Understands a drive option.</summary>
    /// <exception cref="SosiaException">A key or value is unknown, repeated or not implemented yet; the message names it.</exception>
    public static DriveOptions Parse(string text)
    {
        string? file = null;
        ImageFormat? format = null;
        bool readOnly = false;
        bool snapshot = false;
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
                    format = DiskImages.ParseFormat(RequireValue(key, value, text));
                    break;
                case "if":
                    CheckInterface(RequireValue(key, value, text));
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

        return file is null
            ? throw new SosiaException($"The drive option '{text}' names no file; the form is {Syntax}.")
            : new DriveOptions(file, format, DriveInterface.Virtio, readOnly, snapshot);
    }

    /// <summary>True when a PC's firmware would start what the file holds: its first sector ends with the signature of a boot record.</summary>
    /// <returns>False also for what cannot be read; <see cref="Open"/> says why.</returns>
    public bool HasBootRecord()
    {
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

    private static void CheckInterface(string value)
    {
        switch (value)
        {
            case "virtio":
                break;
            case "ide" or "scsi" or "floppy" or "cdrom":
                throw new SosiaException($"The drive interface '{value}' is not implemented yet; say if=virtio.");
            default:
                throw new SosiaException($"The drive interface '{value}' is unknown; say if=virtio.");
        }
    }

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
