using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Sosia.Machines.Acpi;

/// <summary>
/// A run of ACPI tables, or the root pointer, that can still be moved: its bytes, in which addresses are offsets into the run of tables, and
/// what has to be done once it is known where that run lies.
/// </summary>
/// <param name="Bytes">The bytes; the checksums are zero.</param>
/// <param name="Pointers">Where they hold addresses of tables.</param>
/// <param name="Checksums">Where they hold checksums, in the order in which these are to be computed.</param>
internal sealed record AcpiPart(byte[] Bytes, IReadOnlyList<AcpiPointer> Pointers, IReadOnlyList<AcpiChecksum> Checksums)
{
    /// <summary>The bytes with the addresses and checksums in place.</summary>
    /// <param name="tablesGuestPhysical">Where the run of tables lies.</param>
    public byte[] At(ulong tablesGuestPhysical)
    {
        byte[] bytes = (byte[])Bytes.Clone();
        foreach (AcpiPointer pointer in Pointers)
        {
            Span<byte> at = bytes.AsSpan(pointer.Offset);
            if (pointer.ByteCount == 4)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(at, BinaryPrimitives.ReadUInt32LittleEndian(at) + (uint)tablesGuestPhysical);
            }
            else
            {
                BinaryPrimitives.WriteUInt64LittleEndian(at, BinaryPrimitives.ReadUInt64LittleEndian(at) + tablesGuestPhysical);
            }
        }

        foreach (AcpiChecksum checksum in Checksums)
        {
            bytes[checksum.Offset] = Sum(bytes.AsSpan(checksum.Start, checksum.ByteCount));
        }

        return bytes;
    }

    // The byte that makes the sum of all zero.
    private static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return (byte)-sum;
    }
}
