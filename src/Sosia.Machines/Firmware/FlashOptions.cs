using System;
using System.IO;
using Sosia.Core;
using Sosia.Devices.Block;
using Sosia.Images;

namespace Sosia.Machines.Firmware;

/// <summary>The file of a flash memory below the firmware's ROM, in which UEFI firmware keeps its variables: <c>file=F[,template=F][,readonly][,snapshot]</c>.</summary>
/// <param name="File">The file: raw contents, a multiple of 4 KiB.</param>
/// <param name="Template">What the file is made from when it does not exist; null to refuse then.</param>
/// <param name="IsReadOnly">True when the guest may not change it.</param>
/// <param name="IsSnapshot">True when the guest's changes vanish with the machine.</param>
public sealed record FlashOptions(string File, string? Template = null, bool IsReadOnly = false, bool IsSnapshot = false)
{
    private const string Syntax = "file=F[,template=F][,readonly][,snapshot]";

    /// <summary>Understands the option.</summary>
    /// <exception cref="SosiaException">A key is unknown, repeated, or lacks its value.</exception>
    public static FlashOptions Parse(string text)
    {
        string? file = null;
        string? template = null;
        bool readOnly = false;
        bool snapshot = false;
        foreach (string part in OptionList.Split(text))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? part : part[..equals];
            string value = equals < 0 ? string.Empty : part[(equals + 1)..];
            switch (key)
            {
                case "file" when file is null && value.Length != 0:
                    file = value;
                    break;
                case "template" when template is null && value.Length != 0:
                    template = value;
                    break;
                case "readonly" when equals < 0 && !readOnly:
                    readOnly = true;
                    break;
                case "snapshot" when equals < 0 && !snapshot:
                    snapshot = true;
                    break;
                default:
                    throw new SosiaException($"The flash option '{text}' cannot be understood at '{part}'; the form is {Syntax}, and a comma in a file name is written twice.");
            }
        }

        return file is null ? throw new SosiaException($"The flash option '{text}' names no file; the form is {Syntax}.") : new FlashOptions(file, template, readOnly, snapshot);
    }

    /// <summary>The file as a drive; makes it from the template if it does not exist.</summary>
    /// <exception cref="SosiaException">It does not exist and there is no template, or cannot be made.</exception>
    public DriveOptions ToDrive()
    {
        if (!System.IO.File.Exists(File))
        {
            if (Template is null)
            {
                throw new SosiaException($"The flash file '{File}' does not exist; copy the firmware's empty variable store there (Debian: /usr/share/OVMF/OVMF_VARS_4M.fd), or name it with template=F.");
            }

            CopyTemplate(Template);
        }

        return new DriveOptions(File, ImageFormat.Raw, IsReadOnly: IsReadOnly, IsSnapshot: IsSnapshot);
    }

    // The file appears when it is whole.
    private void CopyTemplate(string template)
    {
        string temporary = $"{File}.{Environment.ProcessId}.tmp";
        try
        {
            byte[] contents = System.IO.File.ReadAllBytes(template);
            using (var copy = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                copy.Write(contents);
                copy.Flush(flushToDisk: true);
            }

            System.IO.File.Move(temporary, File, overwrite: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SosiaException($"The flash file '{File}' cannot be made from '{template}' ({error.Message.TrimEnd('.')}); copy it yourself, or name other files.", FailureKind.Configuration, error);
        }
        finally
        {
            if (System.IO.File.Exists(temporary))
            {
                System.IO.File.Delete(temporary);
            }
        }
    }
}
