using System;
using System.Collections.Generic;

namespace Sosia.Isa.X86.Generation;

/// <summary>Machine code being put together.</summary>
public sealed class CodeBytes
{
    private readonly List<byte> _bytes = [];

    /// <summary>How many bytes there are so far.</summary>
    public int Length => _bytes.Count;

    /// <summary>Appends bytes.</summary>
    public CodeBytes Add(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>Appends a 32-bit value.</summary>
    public CodeBytes Add32(uint value) => AddInteger(value, 4);

    /// <summary>Appends the low bytes of a value, the lowest first.</summary>
    public CodeBytes AddInteger(ulong value, int byteCount)
    {
        for (int i = 0; i < byteCount; i++)
        {
            _bytes.Add((byte)(value >> (8 * i)));
        }

        return this;
    }

    /// <summary>The bytes so far.</summary>
    public byte[] ToArray() => [.. _bytes];
}
