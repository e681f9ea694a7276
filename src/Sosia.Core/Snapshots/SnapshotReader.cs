using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Sosia.Core.Snapshots;

/// <summary>Gives back the named fields of one section written by <see cref="SnapshotWriter"/>, in any order.</summary>
public sealed class SnapshotReader
{
    private readonly string _section;
    private readonly Dictionary<string, byte[]> _fields = [];

    /// <summary>Parses a section.</summary>
    /// <param name="section">The section's name, for error texts.</param>
    /// <param name="version">The version that it was written with.</param>
    /// <param name="bytes">What the writer collected.</param>
    /// <exception cref="SosiaException">The bytes are not a well-formed section.</exception>
    public SnapshotReader(string section, int version, ReadOnlySpan<byte> bytes)
    {
        _section = section;
        Version = version;
        while (!bytes.IsEmpty)
        {
            string name = Encoding.UTF8.GetString(Take(ref bytes));
            _fields[name] = Take(ref bytes).ToArray();
        }
    }

    /// <summary>The version that the section was written with.</summary>
    public int Version { get; }

    /// <summary>The fields' names, in the order in which they were written.</summary>
    public IReadOnlyCollection<string> Names => _fields.Keys;

    /// <summary>Refuses sections of any version but one.</summary>
    /// <exception cref="SosiaException">The section has another version.</exception>
    public void RequireVersion(int version)
    {
        if (Version != version)
        {
            throw new SosiaException($"The snapshot's section '{_section}' has version {Version}, but this build reads version {version}; restore it with the build that wrote it.");
        }
    }

    /// <summary>True when the section has the field.</summary>
    public bool Has(string name) => _fields.ContainsKey(name);

    /// <summary>Reads an integer.</summary>
    public long ReadInt64(string name)
    {
        byte[] bytes = ReadBytes(name);
        return bytes.Length == 8
            ? BinaryPrimitives.ReadInt64LittleEndian(bytes)
            : throw new SosiaException($"The snapshot's section '{_section}' is damaged: field '{name}' has {bytes.Length} bytes instead of 8.");
    }

    /// <summary>Reads an unsigned integer.</summary>
    public ulong ReadUInt64(string name) => unchecked((ulong)ReadInt64(name));

    /// <summary>Reads an integer that was written from a 32-bit value.</summary>
    public int ReadInt32(string name) => unchecked((int)ReadInt64(name));

    /// <summary>Reads an unsigned integer that was written from a 32-bit value.</summary>
    public uint ReadUInt32(string name) => unchecked((uint)ReadInt64(name));

    /// <summary>Reads an integer that was written from a 16-bit value.</summary>
    public ushort ReadUInt16(string name) => unchecked((ushort)ReadInt64(name));

    /// <summary>Reads an integer that was written from a byte.</summary>
    public byte ReadByte(string name) => unchecked((byte)ReadInt64(name));

    /// <summary>Reads a boolean.</summary>
    public bool ReadBoolean(string name) => ReadInt64(name) != 0;

    /// <summary>Reads a block of bytes.</summary>
    public byte[] ReadBytes(string name) => _fields.TryGetValue(name, out byte[]? bytes)
        ? bytes
        : throw new SosiaException($"The snapshot's section '{_section}' (version {Version}) lacks the field '{name}'.");

    /// <summary>Reads a block of bytes of a known size into place.</summary>
    public void ReadBytes(string name, Span<byte> destination)
    {
        byte[] bytes = ReadBytes(name);
        if (bytes.Length != destination.Length)
        {
            throw new SosiaException($"The snapshot's section '{_section}' is damaged: field '{name}' has {bytes.Length} bytes instead of {destination.Length}.");
        }

        bytes.CopyTo(destination);
    }

    /// <summary>Reads an unmanaged structure written by <see cref="SnapshotWriter.WriteStruct{T}"/>.</summary>
    public void ReadStruct<T>(string name, out T value)
        where T : unmanaged
    {
        value = default;
        ReadBytes(name, MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }

    private ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 4)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            bytes = bytes[4..];
            if (length >= 0 && length <= bytes.Length)
            {
                ReadOnlySpan<byte> taken = bytes[..length];
                bytes = bytes[length..];
                return taken;
            }
        }

        throw new SosiaException($"The snapshot's section '{_section}' is damaged.");
    }
}
