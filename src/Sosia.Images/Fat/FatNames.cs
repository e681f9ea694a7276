using System;
using System.Buffers.Binary;
using System.Text;

namespace Sosia.Images.Fat;

/// <summary>Names in a FAT folder, as a guest writes them: 8.3 characters, and long ones in the entries before (Microsoft, FAT specification 1.03, "Long Directory Entries").</summary>
internal static class FatNames
{
    private const int MaxByteCount = 255;
    private const int MaxCharacterCount = 255;
    private const byte LowerStem = 0x08;
    private const byte LowerExtension = 0x10;
    private const byte EscapedE5 = 0x05;

    // Code page 437, from 128 on: what DOS writes unless told otherwise.
    private const string UpperCharacters =
        "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

    /// <summary>Where a long entry keeps its 13 characters.</summary>
    public static ReadOnlySpan<byte> CharacterOffsets => [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

    /// <summary>The sum of a short name by which its long entries know it.</summary>
    public static byte Checksum(ReadOnlySpan<byte> shortName)
    {
        byte checksum = 0;
        foreach (byte character in shortName)
        {
            checksum = (byte)((checksum << 7 | checksum >> 1) + character);
        }

        return checksum;
    }

    /// <summary>Reads a short name, in lower case where the entry says so.</summary>
    public static string DecodeShort(ReadOnlySpan<byte> entry)
    {
        string stem = Decode(entry[..8], (entry[12] & LowerStem) != 0);
        string extension = Decode(entry[8..11], (entry[12] & LowerExtension) != 0);
        return extension.Length == 0 ? stem : stem + "." + extension;
    }

    /// <summary>Adds the characters of one long entry in front of those that follow.</summary>
    /// <returns>False when there are more than a name may have.</returns>
    public static bool Prepend(StringBuilder name, ReadOnlySpan<byte> entry)
    {
        Span<char> characters = stackalloc char[CharacterOffsets.Length];
        int count = 0;
        foreach (byte offset in CharacterOffsets)
        {
            char character = (char)BinaryPrimitives.ReadUInt16LittleEndian(entry[offset..]);
            if (character == 0)
            {
                break;
            }

            characters[count++] = character;
        }

        name.Insert(0, characters[..count]);
        return name.Length <= MaxCharacterCount;
    }

    /// <summary>True for a name that a file of the host can have without leading anywhere else.</summary>
    public static bool IsUsable(string name)
    {
        if (name.Length == 0 || name is "." or ".." || name[^1] is '.' or ' ' || name.AsSpan().IndexOfAny("/\\:*?\"<>|") >= 0
            || name.AsSpan().IndexOfAnyInRange('\0', '\x1f') >= 0 || FatTemporaryName.IsOne(name))
        {
            return false;
        }

        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(name[i]))
            {
                return false;
            }
        }

        return Encoding.UTF8.GetByteCount(name) <= MaxByteCount;
    }

    private static string Decode(ReadOnlySpan<byte> padded, bool isLower)
    {
        var text = new StringBuilder();
        ReadOnlySpan<byte> bytes = padded.TrimEnd((byte)' ');
        for (int i = 0; i < bytes.Length; i++)
        {
            byte value = i == 0 && bytes[0] == EscapedE5 ? (byte)0xe5 : bytes[i];
            char character = value < 128 ? (char)value : UpperCharacters[value - 128];
            text.Append(isLower ? char.ToLowerInvariant(character) : character);
        }

        return text.ToString();
    }
}
