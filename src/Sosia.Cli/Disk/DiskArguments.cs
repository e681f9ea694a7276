using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using Sosia.Core;
using Sosia.Images;

namespace Sosia.Cli.Disk;

/// <summary>What the disk commands have in common: options and the meaning of their values.</summary>
internal static class DiskArguments
{
    public const string OptionKeys = "cluster_size=SIZE, backing_file=FILE, backing_fmt=FORMAT, preallocation=off|metadata|falloc, lazy_refcounts=on|off, compat=v2|v3, compression_type=zlib|zstd, subformat=NAME";

    public static Option<string?> FormatOption(string name, string description) => new(name) { Description = description, HelpName = "FORMAT" };

    public static Option<bool> ForceOption() => new("--force") { Description = "Replace an existing file that nobody uses" };

    public static Option<string?> CreateOptionsOption() => new("-o") { Description = OptionKeys, HelpName = "KEY=VALUE,..." };

    public static Argument<string> FileArgument(string name = "FILE") => new(name) { Description = "The image's file" };

    /// <summary>A format's name; null for none and for auto.</summary>
    public static ImageFormat? Format(string? name) => name is null ? null : DiskImages.ParseFormat(name);

    /// <summary>The format of a new image: the given one, or what the file's name says, or raw.</summary>
    public static ImageFormat TargetFormat(string? name, string path)
    {
        return Format(name) ?? (Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".qcow2" => ImageFormat.Qcow2,
            ".vmdk" => ImageFormat.Vmdk,
            ".vdi" => ImageFormat.Vdi,
            ".vhd" or ".vpc" => ImageFormat.Vhd,
            ".vhdx" => ImageFormat.Vhdx,
            _ => ImageFormat.Raw,
        });
    }

    /// <summary>A size: a number of bytes, or with the unit K, M, G or T.</summary>
    public static ulong Size(string what, string text)
    {
        int shift = text.Length == 0 ? 0 : char.ToUpperInvariant(text[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0 };
        ReadOnlySpan<char> digits = shift == 0 ? text : text.AsSpan(0, text.Length - 1);
        return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number <= (ulong)long.MaxValue >> shift
            ? number << shift
            : throw new SosiaException($"The size '{text}' of {what} cannot be understood; write a number of bytes, or one with K, M, G or T, such as 20G.");
    }

    /// <summary>The disk's size rounded up to whole sectors.</summary>
    public static ulong DiskSize(string text) => (Size("the disk", text) + 511) & ~511UL;

    /// <summary>Understands the value of -o.</summary>
    public static ImageCreateOptions Apply(string? text, ImageCreateOptions options)
    {
        foreach (string part in text is null ? [] : text.Split(','))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? part : part[..equals];
            string value = equals < 0 ? string.Empty : part[(equals + 1)..];
            options = key switch
            {
                "cluster_size" => options with { ClusterByteCount = Size("-o cluster_size", value) },
                "backing_file" => options with { BackingFile = value },
                "backing_fmt" => options with { BackingFormat = DiskImages.ParseFormat(value) },
                "preallocation" => options with { Preallocation = Choose(key, value, ("off", Preallocation.Off), ("metadata", Preallocation.Metadata), ("falloc", Preallocation.Falloc)) },
                "lazy_refcounts" => options with { HasLazyRefcounts = Choose(key, value, ("on", true), ("off", false)) },
                "compat" => options with { Version = Choose(key, value, ("v2", 2), ("v3", 3), ("0.10", 2), ("1.1", 3)) },
                "compression_type" => options with { UsesZstd = Choose(key, value, ("zlib", false), ("zstd", true)) },
                "subformat" => options with { Subformat = value },
                _ => throw new SosiaException($"The image option '{part}' is unknown; the options are {OptionKeys}."),
            };
        }

        return options;
    }

    private static T Choose<T>(string key, string value, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        foreach ((string name, T result) in choices)
        {
            if (name == value)
            {
                return result;
            }
        }

        throw new SosiaException($"The image option {key} has the value '{value}', which is unknown; the options are {OptionKeys}.");
    }
}
