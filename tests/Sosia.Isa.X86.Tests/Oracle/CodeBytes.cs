using System;
using System.Collections.Generic;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>Machine code being put together.</summary>
public sealed class CodeBytes
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public CodeBytes Add(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public CodeBytes Add32(uint value) => AddInteger(value, 4);

    public CodeBytes AddInteger(ulong value, int byteCount)
    {
        for (int i = 0; i < byteCount; i++)
        {
            _bytes.Add((byte)(value >> (8 * i)));
        }

        return this;
    }

    public byte[] ToArray() => [.. _bytes];
}
