using System;
using System.Buffers.Binary;
using System.IO;
using System.Text;

namespace Sosia.Machines.Acpi;

/// <summary>
/// The instructions by which firmware puts ACPI tables into memory of its choice: QEMU's linker and loader protocol (the file
/// etc/table-loader of fw_cfg). Each is a record of 128 bytes, little-endian; files are named by fields of 56 bytes.
/// </summary>
internal static class AcpiLoaderScript
{
    /// <summary>The file with the tables.</summary>
    public const string TablesFile = "etc/acpi/tables";

    /// <summary>The file with the root pointer.</summary>
    public const string RootPointerFile = "etc/acpi/rsdp";

    private const int RecordByteCount = 128;
    private const int NameByteCount = 56;
    private const int RootPointerAlignment = 16;

    private const uint Allocate = 1;
    private const uint AddPointer = 2;
    private const uint AddChecksum = 3;
    private const byte HighZone = 1;
    private const byte FirmwareSegmentZone = 2;

    /// <summary>The instructions for a set of tables.</summary>
    public static byte[] For(AcpiImage image)
    {
        using var script = new MemoryStream();
        Place(script, TablesFile, AcpiImage.Alignment, HighZone);
        Place(script, RootPointerFile, RootPointerAlignment, FirmwareSegmentZone);
        Complete(script, TablesFile, image.Tables);
        Complete(script, RootPointerFile, image.RootPointer);
        return script.ToArray();
    }

    private static void Complete(MemoryStream script, string file, AcpiPart part)
    {
        foreach (AcpiPointer pointer in part.Pointers)
        {
            byte[] record = NewRecord(AddPointer, file);
            Encoding.ASCII.GetBytes(TablesFile, record.AsSpan(4 + NameByteCount));
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4 + (2 * NameByteCount)), pointer.Offset);
            record[8 + (2 * NameByteCount)] = (byte)pointer.ByteCount;
            script.Write(record);
        }

        foreach (AcpiChecksum checksum in part.Checksums)
        {
            byte[] record = NewRecord(AddChecksum, file);
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4 + NameByteCount), checksum.Offset);
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(8 + NameByteCount), checksum.Start);
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(12 + NameByteCount), checksum.ByteCount);
            script.Write(record);
        }
    }

    private static void Place(MemoryStream script, string file, int alignment, byte zone)
    {
        byte[] record = NewRecord(Allocate, file);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4 + NameByteCount), alignment);
        record[8 + NameByteCount] = zone;
        script.Write(record);
    }

    private static byte[] NewRecord(uint command, string file)
    {
        byte[] record = new byte[RecordByteCount];
        BinaryPrimitives.WriteUInt32LittleEndian(record, command);
        Encoding.ASCII.GetBytes(file, record.AsSpan(4));
        return record;
    }
}
