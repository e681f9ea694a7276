using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace Sosia.Images.Fat;

/// <summary>Makes a folder's entries: a short name of 8.3 characters each, and the long name in the entries before it.</summary>
internal static class FatDirectory
{
    public const int EntryByteCount = 32;

    private const int CharactersPerEntry = 13;
    private const byte AttributeFolder = 0x10;
    private const byte AttributeArchive = 0x20;
    private const byte AttributeVolume = 0x08;
    private const byte AttributeLongName = 0x0f;
    private const byte LastLongEntry = 0x40;

    /// <summary>How long a folder's entries are.</summary>
    public static int CountBytes(FatNode folder)
    {
        // The root has its label, other folders have themselves and their parent.
        int count = folder.Parent is null ? 1 : 2;
        foreach (FatNode child in folder.Children!)
        {
            count += 1 + LongEntryCount(child.Name);
        }

        return count * EntryByteCount;
    }

    /// <summary>Makes the entries, when all first clusters are known.</summary>
    public static byte[] Make(FatNode folder)
    {
        byte[] bytes = new byte[CountBytes(folder)];
        int position = 0;
        if (folder.Parent is null)
        {
            WriteEntry(bytes, ref position, "SOSIA      "u8, AttributeVolume, folder.Modified, 0, 0);
        }
        else
        {
            // A parent that is the root is cluster 0, whatever the root's is.
            WriteEntry(bytes, ref position, ".          "u8, AttributeFolder, folder.Modified, folder.FirstCluster, 0);
            WriteEntry(bytes, ref position, "..         "u8, AttributeFolder, folder.Modified, folder.Parent.Parent is null ? 0 : folder.Parent.FirstCluster, 0);
        }

        HashSet<string> taken = new(StringComparer.Ordinal);
        foreach (FatNode child in folder.Children!)
        {
            byte[] shortName = MakeShortName(child.Name, taken);
            WriteLongEntries(bytes, ref position, child.Name, shortName);
            WriteEntry(bytes, ref position, shortName, child.IsFolder ? AttributeFolder : AttributeArchive, child.Modified, child.FirstCluster, child.IsFolder ? 0 : child.ByteCount);
        }

        return bytes;
    }

    private static int LongEntryCount(string name) => (name.Length + CharactersPerEntry - 1) / CharactersPerEntry;

    private static byte[] MakeShortName(string name, HashSet<string> taken)
    {
        string extension = Clean(Path.GetExtension(name).TrimStart('.'), 3);
        string stem = Clean(Path.GetFileNameWithoutExtension(name), 8);
        stem = stem.Length == 0 ? "FILE" : stem;
        string candidate = stem;
        for (int i = 1; !taken.Add(candidate.PadRight(8) + extension); i++)
        {
            string tail = "~" + i.ToString(CultureInfo.InvariantCulture);
            candidate = stem[..Math.Min(stem.Length, 8 - tail.Length)] + tail;
        }

        return Encoding.ASCII.GetBytes(candidate.PadRight(8) + extension.PadRight(3));
    }

    private static string Clean(string text, int maxLength)
    {
        var clean = new StringBuilder();
        foreach (char character in text)
        {
            if (clean.Length == maxLength)
            {
                break;
            }

            if (character is not (' ' or '.'))
            {
                clean.Append(char.IsAsciiLetterOrDigit(character) || "$%'-_@~`!(){}^#&".Contains(character, StringComparison.Ordinal) ? char.ToUpperInvariant(character) : '_');
            }
        }

        return clean.ToString();
    }

    private static void WriteLongEntries(byte[] bytes, ref int position, string name, byte[] shortName)
    {
        byte checksum = FatNames.Checksum(shortName);
        int count = LongEntryCount(name);
        for (int i = count; i > 0; i--)
        {
            Span<byte> entry = bytes.AsSpan(position, EntryByteCount);
            entry[0] = (byte)(i | (i == count ? LastLongEntry : 0));
            entry[11] = AttributeLongName;
            entry[13] = checksum;
            for (int k = 0; k < CharactersPerEntry; k++)
            {
                int index = ((i - 1) * CharactersPerEntry) + k;
                ushort value = index < name.Length ? name[index] : index == name.Length ? (ushort)0 : (ushort)0xffff;
                BinaryPrimitives.WriteUInt16LittleEndian(entry[FatNames.CharacterOffsets[k]..], value);
            }

            position += EntryByteCount;
        }
    }

    private static void WriteEntry(byte[] bytes, ref int position, ReadOnlySpan<byte> name, byte attribute, DateTime modified, uint firstCluster, uint byteCount)
    {
        Span<byte> entry = bytes.AsSpan(position, EntryByteCount);
        name.CopyTo(entry);
        entry[11] = attribute;
        int year = Math.Clamp(modified.Year, 1980, 2107);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[22..], (ushort)((modified.Hour << 11) | (modified.Minute << 5) | (modified.Second / 2)));
        BinaryPrimitives.WriteUInt16LittleEndian(entry[24..], (ushort)(((year - 1980) << 9) | (modified.Month << 5) | modified.Day));
        BinaryPrimitives.WriteUInt16LittleEndian(entry[20..], (ushort)(firstCluster >> 16));
        BinaryPrimitives.WriteUInt16LittleEndian(entry[26..], (ushort)firstCluster);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[28..], byteCount);
        position += EntryByteCount;
    }
}
