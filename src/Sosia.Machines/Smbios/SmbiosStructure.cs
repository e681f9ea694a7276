using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Sosia.Machines.Smbios;

/// <summary>One structure of the SMBIOS table (DMTF DSP0134, section 6.1): a formatted area, then the strings that it names by number.</summary>
internal sealed class SmbiosStructure
{
    private const int HeaderByteCount = 4;

    private readonly byte[] _formatted;
    private readonly List<string> _strings = [];

    /// <summary>Begins a structure.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="handle">Its handle, unique in the table.</param>
    /// <param name="byteCount">Bytes of the formatted area, header included.</param>
    public SmbiosStructure(byte type, ushort handle, int byteCount)
    {
        _formatted = new byte[Math.Max(byteCount, HeaderByteCount)];
        _formatted[0] = type;
        _formatted[1] = (byte)_formatted.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(_formatted.AsSpan(2), handle);
    }

    /// <summary>Sets a byte at an offset of the formatted area.</summary>
    public SmbiosStructure Byte(int offset, byte value)
    {
        _formatted[offset] = value;
        return this;
    }

    /// <summary>Sets two bytes at an offset of the formatted area.</summary>
    public SmbiosStructure Word(int offset, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_formatted.AsSpan(offset), value);
        return this;
    }

    /// <summary>Sets four bytes at an offset of the formatted area.</summary>
    public SmbiosStructure DoubleWord(int offset, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_formatted.AsSpan(offset), value);
        return this;
    }

    /// <summary>Sets eight bytes at an offset of the formatted area.</summary>
    public SmbiosStructure QuadWord(int offset, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_formatted.AsSpan(offset), value);
        return this;
    }

    /// <summary>Adds a string and sets its number at an offset of the formatted area.</summary>
    public SmbiosStructure Text(int offset, string value)
    {
        _strings.Add(value);
        return Byte(offset, (byte)_strings.Count);
    }

    /// <summary>The structure's bytes.</summary>
    public byte[] ToArray()
    {
        List<byte> bytes = [.. _formatted];
        foreach (string text in _strings)
        {
            bytes.AddRange(Encoding.ASCII.GetBytes(text));
            bytes.Add(0);
        }

        // The end is two zeros, the first of which ends the last string.
        bytes.AddRange(_strings.Count == 0 ? [0, 0] : (ReadOnlySpan<byte>)[0]);
        return [.. bytes];
    }
}
