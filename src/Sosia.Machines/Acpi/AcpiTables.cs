using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Sosia.Machines.Acpi;

/// <summary>
/// Collects ACPI tables into one run of bytes that can be put anywhere (ACPI specification 6.4, section 5.2).
/// </summary>
internal sealed class AcpiTables
{
    /// <summary>Bytes of the header that every table has.</summary>
    public const int HeaderByteCount = 36;

    private const int RsdpByteCount = 36;
    private const int ChecksumOffset = 9;

    private readonly List<byte> _bytes = [];
    private readonly List<AcpiPointer> _pointers = [];
    private readonly List<AcpiChecksum> _checksums = [];
    private readonly List<int> _tables = [];

    /// <summary>Makes a table with its header; its contents begin at <see cref="HeaderByteCount"/>.</summary>
    public static byte[] NewTable(string signature, byte revision, int byteCount)
    {
        byte[] table = new byte[byteCount];
        Encoding.ASCII.GetBytes(signature, table);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), byteCount);
        table[8] = revision;
        "SOSIA "u8.CopyTo(table.AsSpan(10));
        "SOSIA   "u8.CopyTo(table.AsSpan(16));
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(24), 1);
        "SOSI"u8.CopyTo(table.AsSpan(28));
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(32), 1);
        return table;
    }

    /// <summary>Makes a definition block from its AML.</summary>
    public static byte[] NewDefinitionBlock(byte[] aml)
    {
        byte[] table = NewTable("DSDT", 2, HeaderByteCount + aml.Length);
        aml.CopyTo(table, HeaderByteCount);
        return table;
    }

    /// <summary>Appends a table that others point to (DSDT).</summary>
    /// <param name="table">The table; addresses of others in it are their offsets.</param>
    /// <param name="pointers">Where it holds such addresses, counted from its beginning.</param>
    /// <returns>Its offset.</returns>
    public int Place(byte[] table, params ReadOnlySpan<AcpiPointer> pointers)
    {
        int offset = Append(table);
        foreach (AcpiPointer pointer in pointers)
        {
            _pointers.Add(pointer with { Offset = offset + pointer.Offset });
        }

        _checksums.Add(new AcpiChecksum(offset + ChecksumOffset, offset, table.Length));
        return offset;
    }

    /// <summary>Appends a table and lists it in the root tables.</summary>
    /// <param name="table">The table; addresses of others in it are their offsets.</param>
    /// <param name="pointers">Where it holds such addresses, counted from its beginning.</param>
    public void Add(byte[] table, params ReadOnlySpan<AcpiPointer> pointers) => _tables.Add(Place(table, pointers));

    /// <summary>Appends the firmware control structure, which has no ordinary header.</summary>
    /// <returns>Its offset, a multiple of 64.</returns>
    public int PlaceFacs()
    {
        byte[] facs = new byte[64];
        "FACS"u8.CopyTo(facs);
        BinaryPrimitives.WriteInt32LittleEndian(facs.AsSpan(4), facs.Length);
        facs[32] = 1;
        return Append(facs);
    }

    /// <summary>Appends the root tables and makes the root pointer.</summary>
    public AcpiImage Finish()
    {
        int rsdt = Place(RootTable("RSDT", 4), RootPointers(4));
        int xsdt = Place(RootTable("XSDT", 8), RootPointers(8));
        byte[] rsdp = new byte[RsdpByteCount];
        "RSD PTR "u8.CopyTo(rsdp);
        "SOSIA "u8.CopyTo(rsdp.AsSpan(9));
        rsdp[15] = 2;
        BinaryPrimitives.WriteInt32LittleEndian(rsdp.AsSpan(16), rsdt);
        BinaryPrimitives.WriteInt32LittleEndian(rsdp.AsSpan(20), RsdpByteCount);
        BinaryPrimitives.WriteInt64LittleEndian(rsdp.AsSpan(24), xsdt);
        var root = new AcpiPart(
            rsdp,
            [new AcpiPointer(16, 4), new AcpiPointer(24, 8)],
            [new AcpiChecksum(8, 0, 20), new AcpiChecksum(32, 0, RsdpByteCount)]);
        return new AcpiImage(root, new AcpiPart([.. _bytes], _pointers, _checksums));
    }

    private byte[] RootTable(string signature, int pointerByteCount)
    {
        byte[] table = NewTable(signature, 1, HeaderByteCount + (pointerByteCount * _tables.Count));
        for (int i = 0; i < _tables.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(HeaderByteCount + (pointerByteCount * i)), _tables[i]);
        }

        return table;
    }

    private AcpiPointer[] RootPointers(int pointerByteCount)
    {
        var pointers = new AcpiPointer[_tables.Count];
        for (int i = 0; i < pointers.Length; i++)
        {
            pointers[i] = new AcpiPointer(HeaderByteCount + (pointerByteCount * i), pointerByteCount);
        }

        return pointers;
    }

    private int Append(byte[] table)
    {
        int offset = _bytes.Count;
        _bytes.AddRange(table);
        while (_bytes.Count % AcpiImage.Alignment != 0)
        {
            _bytes.Add(0);
        }

        return offset;
    }
}
