using System;
using System.IO;
using System.Text;
using Sosia.Core;
using Sosia.Devices.FwCfg;

namespace Sosia.Machines.Firmware;

/// <summary>A file that the user adds to what firmware and guests can read through fw_cfg: <c>name=NAME,file=F</c> or <c>name=NAME,string=TEXT</c>.</summary>
/// <param name="Name">Its name; by convention it begins with "opt/" and a domain name.</param>
/// <param name="Content">What it holds.</param>
public sealed record FirmwareItem(string Name, byte[] Content)
{
    private const string Syntax = "name=NAME,file=F or name=NAME,string=TEXT";
    private const long MaxByteCount = 256L << 20;

    /// <summary>Understands the option and reads the file. What follows <c>string=</c> or <c>file=</c> is taken as it is, commas included.</summary>
    /// <exception cref="SosiaException">The text is not of the form, the name is impossible, or the file cannot be read.</exception>
    public static FirmwareItem Parse(string text)
    {
        int comma = text.IndexOf(',', StringComparison.Ordinal);
        if (!text.StartsWith("name=", StringComparison.Ordinal) || comma < 0)
        {
            throw new SosiaException($"The firmware item '{text}' is not of the form {Syntax}.");
        }

        string name = text["name=".Length..comma];
        if (!FwCfgDevice.IsFileName(name))
        {
            throw new SosiaException($"The firmware item '{text}' has an impossible name; write 1 to {FwCfgDevice.MaxNameByteCount} ASCII characters, such as opt/org.example/key.");
        }

        string rest = text[(comma + 1)..];
        if (rest.StartsWith("string=", StringComparison.Ordinal))
        {
            return new FirmwareItem(name, Encoding.UTF8.GetBytes(rest["string=".Length..]));
        }

        return rest.StartsWith("file=", StringComparison.Ordinal)
            ? new FirmwareItem(name, Read(rest["file=".Length..]))
            : throw new SosiaException($"The firmware item '{text}' is not of the form {Syntax}.");
    }

    private static byte[] Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Length <= MaxByteCount
                ? File.ReadAllBytes(path)
                : throw new SosiaException($"The file '{path}' of --fw-cfg has {file.Length >> 20} MiB; name one of at most {MaxByteCount >> 20} MiB.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SosiaException($"The file '{path}' of --fw-cfg cannot be read ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }
}
