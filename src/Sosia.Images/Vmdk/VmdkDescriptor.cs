using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Sosia.Core;

namespace Sosia.Images.Vmdk;

/// <summary>The text that describes a VMDK: what kind it is, which files it is made of, and what is below it.</summary>
internal sealed class VmdkDescriptor
{
    public const string Name = "vmdk";
    public const int MaxByteCount = 64 * 1024;
    public const ulong MaxSectorCount = 1UL << 40;

    private const string NoParent = "ffffffff";
    private const int MaxExtentCount = 4096;

    private readonly List<VmdkExtent> _extents = [];

    public string CreateType { get; private set; } = string.Empty;

    public string? ParentFile { get; private set; }

    public IReadOnlyList<VmdkExtent> Extents => _extents;

    /// <summary>Understands a descriptor.</summary>
    /// <exception cref="SosiaException">It is damaged or names files where they may not be.</exception>
    public static VmdkDescriptor Parse(string path, ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        string text = Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
        var descriptor = new VmdkDescriptor();
        string parentId = NoParent;
        string? parentFile = null;
        foreach (string raw in text.Split('\n'))
        {
            string line = raw.Trim();
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            string key = equals < 0 ? string.Empty : line[..equals].Trim();
            string value = equals < 0 ? string.Empty : line[(equals + 1)..].Trim().Trim('"');
            switch (key)
            {
                case "createType":
                    descriptor.CreateType = value;
                    break;
                case "parentCID":
                    parentId = value;
                    break;
                case "parentFileNameHint":
                    parentFile = value;
                    break;
                case "encoding" when !value.Equals("UTF-8", StringComparison.OrdinalIgnoreCase) && !value.Equals("windows-1252", StringComparison.OrdinalIgnoreCase):
                    throw ImageErrors.Unsupported(path, Name, $"the text encoding '{value}'", "convert it with the program that wrote it");
            }

            if (line.StartsWith("RW ", StringComparison.Ordinal) || line.StartsWith("RDONLY ", StringComparison.Ordinal) || line.StartsWith("NOACCESS ", StringComparison.Ordinal))
            {
                descriptor.AddExtent(path, line);
            }
        }

        if (!parentId.Equals(NoParent, StringComparison.OrdinalIgnoreCase))
        {
            descriptor.ParentFile = parentFile ?? throw ImageErrors.Damaged(path, Name, "it has a parent, but does not name it");
        }

        return descriptor;
    }

    /// <summary>Makes the descriptor of a new image that is one sparse file.</summary>
    public static byte[] CreateSparse(string fileName, ulong sectorCount)
    {
        ulong cylinders = Math.Min(sectorCount / (16 * 63), 16383);
        string text = $"""
            # Disk DescriptorFile
            version=1
            CID={(uint)Random.Shared.Next():x8}
            parentCID={NoParent}
            createType="monolithicSparse"

            # Extent description
            RW {sectorCount} SPARSE "{fileName}"

            # The Disk Data Base
            #DDB

            ddb.virtualHWVersion = "4"
            ddb.geometry.cylinders = "{cylinders}"
            ddb.geometry.heads = "16"
            ddb.geometry.sectors = "63"
            ddb.adapterType = "ide"

            """;
        return Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\n"));
    }

    private void AddExtent(string path, string line)
    {
        int quote = line.IndexOf('"', StringComparison.Ordinal);
        int quoteEnd = line.LastIndexOf('"');
        string[] words = (quote < 0 ? line : line[..quote]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string file = quote < 0 || quoteEnd <= quote ? string.Empty : line[(quote + 1)..quoteEnd];
        string rest = quoteEnd < 0 ? string.Empty : line[(quoteEnd + 1)..].Trim();
        ulong offset = 0;
        bool isGood = words.Length >= 3 && ulong.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && (rest.Length == 0 || ulong.TryParse(rest.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out offset));
        ulong sectorCount = isGood ? ulong.Parse(words[1], NumberStyles.None, CultureInfo.InvariantCulture) : 0;
        if (!isGood || sectorCount is 0 or > MaxSectorCount || offset > MaxSectorCount || _extents.Count >= MaxExtentCount)
        {
            throw ImageErrors.Damaged(path, Name, $"its extent line '{line}' cannot be understood");
        }

        // A descriptor that leads elsewhere could show a guest any file of the host.
        if (file.Contains('/', StringComparison.Ordinal) || file.Contains('\0', StringComparison.Ordinal))
        {
            throw ImageErrors.Unsupported(path, Name, $"the extent file '{file}' in another folder", "put all files of the image into one folder");
        }

        _extents.Add(new VmdkExtent(words[2], sectorCount, file, offset));
    }
}
