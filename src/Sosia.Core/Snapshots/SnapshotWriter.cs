using System;
using System.Buffers.Binary;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace Sosia.Core.Snapshots;

/// <summary>
/// Collects the named fields of one section. A field is stored as {name, byte count, bytes}, little-endian, so that a section
/// describes itself and fields can be added later.
/// </summary>
public sealed class SnapshotWriter
{
    private readonly MemoryStream _stream = new();

    /// <summary>Writes an integer or boolean, as 8 bytes.</summary>
    public void Write(string name, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        Write(name, bytes);
    }

    /// <summary>Writes an unsigned integer, as 8 bytes.</summary>
    public void Write(string name, ulong value) => Write(name, unchecked((long)value));

    /// <summary>Writes a boolean, as 8 bytes.</summary>
    public void Write(string name, bool value) => Write(name, value ? 1L : 0L);

    /// <summary>Writes a block of bytes.</summary>
    public void Write(string name, ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[4];
        byte[] nameBytes = Encoding.UTF8.GetBytes(name);
        BinaryPrimitives.WriteInt32LittleEndian(header, nameBytes.Length);
        _stream.Write(header);
        _stream.Write(nameBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header, value.Length);
        _stream.Write(header);
        _stream.Write(value);
    }

    /// <summary>Writes an unmanaged structure's bytes: for plain register files whose layout is part of the section's version.</summary>
    public void WriteStruct<T>(string name, in T value)
        where T : unmanaged
        => Write(name, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>The section's bytes so far.</summary>
    public byte[] ToArray() => _stream.ToArray();
}
