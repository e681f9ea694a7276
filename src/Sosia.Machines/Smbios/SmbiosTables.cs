using System;
using System.Buffers.Binary;
using System.Collections.Generic;

namespace Sosia.Machines.Smbios;

/// <summary>What a PC says of itself in its SMBIOS table (DMTF DSP0134 2.8): system, enclosure, processors and memory.</summary>
internal static class SmbiosTables
{
    private const string Product = "Sosia";
    private const int EntryPointByteCount = 31;
    private const int IntermediateOffset = 16;

    // The handles' upper bytes are the types, as is usual.
    private const ushort SystemHandle = 0x0100;
    private const ushort EnclosureHandle = 0x0300;
    private const ushort FirstProcessorHandle = 0x0400;
    private const ushort ArrayHandle = 0x1000;
    private const ushort DeviceHandle = 0x1100;
    private const ushort FirstRangeHandle = 0x1300;
    private const ushort BootHandle = 0x2000;
    private const ushort EndHandle = 0x7f00;
    private const ushort NoHandle = 0xfffe;
    private const byte Unknown = 2;
    private const byte Safe = 3;

    /// <summary>Makes the table.</summary>
    /// <param name="machine">The machine's name.</param>
    /// <param name="lowMemoryEnd">Where the RAM below 4 GiB ends.</param>
    /// <param name="highMemoryByteCount">How much RAM there is from 4 GiB on.</param>
    /// <param name="cpuCount">How many processors there are.</param>
    /// <returns>The entry point, without the table's address and checksums, which are the firmware's to fill in; and the table.</returns>
    public static (byte[] EntryPoint, byte[] Table) Build(string machine, ulong lowMemoryEnd, ulong highMemoryByteCount, int cpuCount)
    {
        List<SmbiosStructure> structures =
        [
            // System: wake-up by the power switch.
            new SmbiosStructure(1, SystemHandle, 27).Text(4, Product).Text(5, machine).Byte(24, 6),
            // Enclosure: of another kind, states safe, no security.
            new SmbiosStructure(3, EnclosureHandle, 22).Text(4, Product).Byte(5, 1).Byte(9, Safe).Byte(10, Safe).Byte(11, Safe).Byte(12, Unknown),
        ];
        for (int i = 0; i < cpuCount; i++)
        {
            structures.Add(Processor((ushort)(FirstProcessorHandle + i), i));
        }

        ulong byteCount = lowMemoryEnd + highMemoryByteCount;
        structures.Add(MemoryArray(byteCount));
        structures.Add(MemoryDevice(byteCount));
        structures.Add(MemoryRange(FirstRangeHandle, 0, lowMemoryEnd));
        if (highMemoryByteCount != 0)
        {
            structures.Add(MemoryRange(FirstRangeHandle + 1, 1UL << 32, highMemoryByteCount));
        }

        structures.Add(new SmbiosStructure(32, BootHandle, 11));
        structures.Add(new SmbiosStructure(127, EndHandle, 4));

        List<byte> table = [];
        int largest = 0;
        foreach (SmbiosStructure structure in structures)
        {
            byte[] bytes = structure.ToArray();
            largest = Math.Max(largest, bytes.Length);
            table.AddRange(bytes);
        }

        return (EntryPoint(table.Count, structures.Count, largest), [.. table]);
    }

    private static SmbiosStructure Processor(ushort handle, int index)
        => new SmbiosStructure(4, handle, 42)
            .Text(4, $"CPU {index}")
            .Byte(5, 3)                 // central processor
            .Byte(6, 1)                 // of a family that has no number here
            .Text(7, Product)
            .Byte(24, 0x41)             // socket populated, enabled
            .Byte(25, 1)                // upgraded in another way
            .Word(26, ushort.MaxValue)  // no cache information
            .Word(28, ushort.MaxValue)
            .Word(30, ushort.MaxValue)
            .Byte(35, 1)                // cores, enabled cores, threads
            .Byte(36, 1)
            .Byte(37, 1)
            .Word(38, 4)                // 64-bit capable
            .Word(40, 1);

    private static SmbiosStructure MemoryArray(ulong byteCount)
        => new SmbiosStructure(16, ArrayHandle, 23)
            .Byte(4, 1)                 // elsewhere than on a board
            .Byte(5, 3)                 // system memory
            .Byte(6, 3)                 // no error correction
            .DoubleWord(7, 0x8000_0000) // the size is in the last field
            .Word(11, NoHandle)
            .Word(13, 1)
            .QuadWord(15, byteCount);

    private static SmbiosStructure MemoryDevice(ulong byteCount)
    {
        const ulong MaxMebibytes = 0x7fff;
        ulong mebibytes = byteCount >> 20;
        return new SmbiosStructure(17, DeviceHandle, 40)
            .Word(4, ArrayHandle)
            .Word(6, NoHandle)
            .Word(8, ushort.MaxValue)
            .Word(10, ushort.MaxValue)
            .Word(12, mebibytes < MaxMebibytes ? (ushort)mebibytes : (ushort)MaxMebibytes)
            .DoubleWord(28, mebibytes < MaxMebibytes ? 0 : (uint)mebibytes)
            .Byte(14, 9)                // DIMM
            .Text(16, "DIMM 0")
            .Byte(18, 7)                // RAM
            .Word(19, 2)                // of another kind
            .Text(23, Product);
    }

    // An extended address, because a start or size may exceed 32 bits of KiB.
    private static SmbiosStructure MemoryRange(ushort handle, ulong start, ulong byteCount)
        => new SmbiosStructure(19, handle, 31)
            .DoubleWord(4, uint.MaxValue)
            .DoubleWord(8, uint.MaxValue)
            .Word(12, ArrayHandle)
            .Byte(14, 1)
            .QuadWord(15, start)
            .QuadWord(23, start + byteCount - 1);

    private static byte[] EntryPoint(int tableByteCount, int count, int largest)
    {
        byte[] entry = new byte[EntryPointByteCount];
        "_SM_"u8.CopyTo(entry);
        entry[5] = EntryPointByteCount;
        entry[6] = 2;
        entry[7] = 8;
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(8), (ushort)largest);
        "_DMI_"u8.CopyTo(entry.AsSpan(IntermediateOffset));
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(22), (ushort)tableByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(28), (ushort)count);
        entry[30] = 0x28;
        return entry;
    }
}
