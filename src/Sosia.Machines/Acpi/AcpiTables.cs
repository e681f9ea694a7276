using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using Sosia.Core.Buses;

namespace Sosia.Machines.Acpi;

/// <summary>
/// Collects ACPI tables and writes them, with the root pointer first, into one run of guest memory (ACPI specification 6.4, section 5.2).
/// </summary>
internal sealed class AcpiTables
{
    /// <summary>Bytes of the header that every table has.</summary>
    public const int HeaderByteCount = 36;

    private const int RsdpByteCount = 36;

    private readonly MemoryBus _memory;
    private readonly ulong _start;
    private readonly ulong _end;
    private readonly List<ulong> _tables = [];
    private ulong _next;

    /// <summary>Begins a set of tables.</summary>
    /// <param name="memory">Where they are written.</param>
    /// <param name="guestPhysical">Where the root pointer goes: a multiple of 64 in 0xE0000 to 0xFFFFF.</param>
    /// <param name="byteCount">How much room there is.</param>
    public AcpiTables(MemoryBus memory, ulong guestPhysical, int byteCount)
    {
        _memory = memory;
        _start = guestPhysical;
        _end = guestPhysical + (ulong)byteCount;
        _next = guestPhysical + 64;
    }

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

    /// <summary>Writes a table that others point to (DSDT).</summary>
    /// <returns>Its address.</returns>
    public ulong Place(byte[] table)
    {
        table[9] = 0;
        table[9] = Checksum(table);
        return PlaceRaw(table);
    }

    /// <summary>Writes a table and lists it in the root tables.</summary>
    public void Add(byte[] table) => _tables.Add(Place(table));

    /// <summary>Writes the firmware control structure, which has no ordinary header.</summary>
    /// <returns>Its address, a multiple of 64.</returns>
    public ulong PlaceFacs()
    {
        byte[] facs = new byte[64];
        "FACS"u8.CopyTo(facs);
        BinaryPrimitives.WriteInt32LittleEndian(facs.AsSpan(4), facs.Length);
        facs[32] = 1;
        return PlaceRaw(facs);
    }

    /// <summary>Writes the root tables and the root pointer.</summary>
    /// <returns>The root pointer's address.</returns>
    public ulong Finish()
    {
        byte[] rsdt = NewTable("RSDT", 1, HeaderByteCount + (4 * _tables.Count));
        byte[] xsdt = NewTable("XSDT", 1, HeaderByteCount + (8 * _tables.Count));
        for (int i = 0; i < _tables.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rsdt.AsSpan(HeaderByteCount + (4 * i)), (uint)_tables[i]);
            BinaryPrimitives.WriteUInt64LittleEndian(xsdt.AsSpan(HeaderByteCount + (8 * i)), _tables[i]);
        }

        byte[] rsdp = new byte[RsdpByteCount];
        "RSD PTR "u8.CopyTo(rsdp);
        "SOSIA "u8.CopyTo(rsdp.AsSpan(9));
        rsdp[15] = 2;
        BinaryPrimitives.WriteUInt32LittleEndian(rsdp.AsSpan(16), (uint)Place(rsdt));
        BinaryPrimitives.WriteInt32LittleEndian(rsdp.AsSpan(20), RsdpByteCount);
        BinaryPrimitives.WriteUInt64LittleEndian(rsdp.AsSpan(24), Place(xsdt));
        rsdp[8] = Checksum(rsdp.AsSpan(0, 20));
        rsdp[32] = Checksum(rsdp);
        _ = _memory.WriteBytes(_start, rsdp);
        return _start;
    }

    /// <summary>The byte that makes the sum of all zero.</summary>
    public static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return (byte)-sum;
    }

    private ulong PlaceRaw(byte[] table)
    {
        ulong address = _next;
        if (address + (ulong)table.Length > _end || !_memory.WriteBytes(address, table))
        {
            throw new InvalidOperationException($"The ACPI tables do not fit into 0x{_start:x} to 0x{_end:x}.");
        }

        _next = (address + (ulong)table.Length + 63) & ~63UL;
        return address;
    }
}
