using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Sosia.Machines.Acpi;

/// <summary>
/// Writes ACPI Machine Language, as far as our tables need it (ACPI specification 6.4, chapter 20). Every method appends one term;
/// constructs with contents take an action that writes them.
/// </summary>
internal sealed class AmlWriter
{
    /// <summary>Operation region in PCI configuration space.</summary>
    public const byte PciConfigurationSpace = 2;

    private const byte ExtendedPrefix = 0x5b;

    private List<byte> _bytes = [];

    /// <summary>What was written so far.</summary>
    public byte[] ToArray() => [.. _bytes];

    /// <summary>Opens a namespace scope.</summary>
    public void Scope(string path, Action contents) => WithLength([0x10], () => { NamePath(path); contents(); });

    /// <summary>Declares a device.</summary>
    public void Device(string name, Action contents) => WithLength([ExtendedPrefix, 0x82], () => { NamePath(name); contents(); });

    /// <summary>Declares a control method; serialized, because ours declare names.</summary>
    public void Method(string name, int argumentCount, Action contents)
        => WithLength([0x14], () => { NamePath(name); _bytes.Add((byte)(argumentCount | 8)); contents(); });

    /// <summary>Names what <paramref name="value"/> writes.</summary>
    public void Name(string name, Action value)
    {
        _bytes.Add(0x08);
        NamePath(name);
        value();
    }

    /// <summary>Names an integer.</summary>
    public void Name(string name, ulong value) => Name(name, () => Integer(value));

    /// <summary>Names an identifier in the compressed EISA form ("PNP0A03").</summary>
    public void NameEisaId(string name, string id) => Name(name, () => Integer(EisaId(id)));

    /// <summary>Names a string.</summary>
    public void NameString(string name, string value) => Name(name, () =>
    {
        _bytes.Add(0x0d);
        _bytes.AddRange(Encoding.ASCII.GetBytes(value));
        _bytes.Add(0);
    });

    /// <summary>Writes an integer in its shortest form.</summary>
    public void Integer(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        (byte prefix, int count) = value switch
        {
            0 or 1 => ((byte)value, 0),
            <= byte.MaxValue => ((byte)0x0a, 1),
            <= ushort.MaxValue => ((byte)0x0b, 2),
            <= uint.MaxValue => ((byte)0x0c, 4),
            _ => ((byte)0x0e, 8),
        };
        _bytes.Add(prefix);
        _bytes.AddRange(bytes[..count]);
    }

    /// <summary>Writes a package of elements, which <paramref name="contents"/> writes.</summary>
    public void Package(int elementCount, Action contents) => WithLength([0x12], () => { _bytes.Add((byte)elementCount); contents(); });

    /// <summary>Writes a resource template as a buffer.</summary>
    public void Resources(ResourceTemplate template) => Buffer(template.ToArray());

    /// <summary>Writes a buffer.</summary>
    public void Buffer(byte[] contents) => WithLength([0x11], () => { Integer((ulong)contents.Length); _bytes.AddRange(contents); });

    /// <summary>Writes a reference to a name.</summary>
    public void Reference(string path) => NamePath(path);

    /// <summary>Declares an operation region.</summary>
    public void OperationRegion(string name, byte space, ulong offset, ulong byteCount)
    {
        _bytes.AddRange([ExtendedPrefix, 0x80]);
        NamePath(name);
        _bytes.Add(space);
        Integer(offset);
        Integer(byteCount);
    }

    /// <summary>Declares consecutive byte-wide fields of a region.</summary>
    public void ByteFields(string region, params string[] names) => WithLength([ExtendedPrefix, 0x81], () =>
    {
        NamePath(region);
        _bytes.Add(1);
        foreach (string name in names)
        {
            NamePath(name);
            _bytes.Add(8);
        }
    });

    /// <summary>Gives a name to the 32-bit word at a byte offset of a buffer (a name, or Arg0).</summary>
    public void CreateDWordField(Action buffer, ulong offset, string name)
    {
        _bytes.Add(0x8a);
        buffer();
        Integer(offset);
        NamePath(name);
    }

    /// <summary>Writes Arg0.</summary>
    public void Argument0() => _bytes.Add(0x68);

    /// <summary>Bitwise and: <c>target = left &amp; right</c>; a null target leaves the value to the enclosing term.</summary>
    public void And(Action left, ulong right, string? target) => Binary(0x7b, left, right, target);

    /// <summary>Bitwise or: <c>target = left | right</c>.</summary>
    public void Or(Action left, ulong right, string? target) => Binary(0x7d, left, right, target);

    /// <summary>Stores what <paramref name="value"/> writes in a name.</summary>
    public void Store(Action value, string target)
    {
        _bytes.Add(0x70);
        value();
        NamePath(target);
    }

    /// <summary>Runs its contents when the predicate is not zero.</summary>
    public void If(Action predicate, Action contents) => WithLength([0xa0], () => { predicate(); contents(); });

    /// <summary>Returns a value from a method.</summary>
    public void Return(Action value)
    {
        _bytes.Add(0xa4);
        value();
    }

    // Three letters of five bits and four hexadecimal digits, big-endian (ACPI 19.3.4).
    private static uint EisaId(string id)
    {
        uint value = 0;
        for (int i = 0; i < 3; i++)
        {
            value = (value << 5) | (uint)(id[i] - '@');
        }

        value = (value << 16) | Convert.ToUInt32(id[3..], 16);
        return BinaryPrimitives.ReverseEndianness(value);
    }

    private void Binary(byte operation, Action left, ulong right, string? target)
    {
        _bytes.Add(operation);
        left();
        Integer(right);
        if (target is null)
        {
            _bytes.Add(0);
        }
        else
        {
            NamePath(target);
        }
    }

    private void NamePath(string path)
    {
        if (path.StartsWith('\\'))
        {
            _bytes.Add((byte)'\\');
            path = path[1..];
        }

        string[] segments = path.Split('.');
        if (segments.Length == 2)
        {
            _bytes.Add(0x2e);
        }
        else if (segments.Length > 2)
        {
            _bytes.AddRange([0x2f, (byte)segments.Length]);
        }

        foreach (string segment in segments)
        {
            _bytes.AddRange(Encoding.ASCII.GetBytes(segment.PadRight(4, '_')));
        }
    }

    // A term whose package length, which counts itself, precedes its contents.
    private void WithLength(ReadOnlySpan<byte> operation, Action contents)
    {
        List<byte> outer = _bytes;
        outer.AddRange(operation);
        _bytes = [];
        contents();
        List<byte> inner = _bytes;
        _bytes = outer;
        int extra = inner.Count + 1 <= 0x3f ? 0 : inner.Count + 2 <= 0xfff ? 1 : inner.Count + 3 <= 0xf_ffff ? 2 : 3;
        int length = inner.Count + 1 + extra;
        _bytes.Add(extra == 0 ? (byte)length : (byte)((extra << 6) | (length & 0xf)));
        for (int i = 0; i < extra; i++)
        {
            _bytes.Add((byte)(length >> (4 + (8 * i))));
        }

        _bytes.AddRange(inner);
    }
}
