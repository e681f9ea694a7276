using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Core;

namespace Sosia.Machines.Boot;

/// <summary>A little-endian x86 ELF executable: what must be loaded where, and its notes (System V ABI, "Object Files"; ELF-64 format 1.5).</summary>
internal sealed class ElfImage
{
    private const uint SegmentLoad = 1;
    private const uint SegmentNote = 4;
    private const ushort Machine386 = 3;
    private const ushort MachineX8664 = 62;

    private readonly byte[] _file;
    private readonly string _path;
    private readonly List<Segment> _notes = [];

    /// <summary>Reads the headers.</summary>
    /// <exception cref="SosiaException">The file is for another processor, truncated or malformed.</exception>
    public ElfImage(byte[] file, string path)
    {
        _file = file;
        _path = path;
        ReadOnlySpan<byte> bytes = file;
        bool isLittleEndian = bytes.Length > 20 && bytes[5] == 1;
        ushort machine = isLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[18..]) : (ushort)0;
        if (!isLittleEndian || machine is not (Machine386 or MachineX8664))
        {
            throw new SosiaException($"The kernel '{path}' is {FileKind.Recognize(bytes[..Math.Min(bytes.Length, 1024)])}, which this machine cannot run; name a kernel for x86.");
        }

        Is64Bit = bytes[4] == 2;
        if (bytes.Length < (Is64Bit ? 64 : 52))
        {
            throw Truncated();
        }

        Entry = Is64Bit ? BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]);
        ulong table = Is64Bit ? BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]);
        int entryByteCount = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(Is64Bit ? 54 : 42)..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[(Is64Bit ? 56 : 44)..]);
        if (count != 0 && entryByteCount < (Is64Bit ? 56 : 32))
        {
            throw new SosiaException($"The kernel '{path}' is a damaged ELF file (program headers of {entryByteCount} bytes); build or copy it again.");
        }

        for (int i = 0; i < count; i++)
        {
            ReadProgramHeader(Part(table + (ulong)(i * entryByteCount), (ulong)entryByteCount));
        }

        if (Segments.Count == 0)
        {
            throw new SosiaException($"The kernel '{path}' is an ELF file without anything to load; name a linked executable.");
        }
    }

    /// <summary>True for the 64-bit format.</summary>
    public bool Is64Bit { get; }

    /// <summary>The entry point of the ELF header.</summary>
    public ulong Entry { get; }

    /// <summary>What must be loaded, in file order.</summary>
    public List<Segment> Segments { get; } = [];

    /// <summary>The first address after everything that is loaded.</summary>
    public ulong End
    {
        get
        {
            ulong end = 0;
            foreach (Segment segment in Segments)
            {
                end = Math.Max(end, segment.GuestPhysical + segment.MemoryByteCount);
            }

            return end;
        }
    }

    /// <summary>True when a file begins like an ELF file.</summary>
    public static bool IsElf(ReadOnlySpan<byte> file) => file.StartsWith((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F']);

    /// <summary>Loads all segments at their physical addresses and clears what the file leaves out.</summary>
    public void Load(BootEnvironment environment)
    {
        foreach (Segment segment in Segments)
        {
            if (segment.GuestPhysical + segment.MemoryByteCount < segment.GuestPhysical || segment.MemoryByteCount < segment.FileByteCount)
            {
                throw new SosiaException($"The kernel '{_path}' is a damaged ELF file (segment at 0x{segment.GuestPhysical:x}); build or copy it again.");
            }

            if (segment.GuestPhysical < LowMemory.HighMemory)
            {
                RequireLow(segment);
            }

            BootLoader.Write(environment, segment.GuestPhysical, Part(segment.FileOffset, segment.FileByteCount));
            BootLoader.Clear(environment, segment.GuestPhysical + segment.FileByteCount, segment.MemoryByteCount - segment.FileByteCount);
        }
    }

    /// <summary>Finds a note's contents; empty when there is none.</summary>
    public ReadOnlySpan<byte> FindNote(ReadOnlySpan<byte> owner, uint type)
    {
        foreach (Segment segment in _notes)
        {
            ReadOnlySpan<byte> bytes = Part(segment.FileOffset, segment.FileByteCount);
            while (bytes.Length >= 12)
            {
                ulong nameByteCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
                ulong dataByteCount = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
                uint noteType = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
                ulong dataOffset = 12 + ((nameByteCount + 3) & ~3UL);
                if (dataOffset + dataByteCount > (ulong)bytes.Length)
                {
                    break;
                }

                if (noteType == type && bytes.Slice(12, (int)nameByteCount).SequenceEqual(owner))
                {
                    return bytes.Slice((int)dataOffset, (int)dataByteCount);
                }

                bytes = bytes[(int)Math.Min(dataOffset + ((dataByteCount + 3) & ~3UL), (ulong)bytes.Length)..];
            }
        }

        return [];
    }

    private void ReadProgramHeader(ReadOnlySpan<byte> header)
    {
        uint type = BinaryPrimitives.ReadUInt32LittleEndian(header);
        Segment segment = Is64Bit
            ? new Segment(
                BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(header[24..]),
                BinaryPrimitives.ReadUInt64LittleEndian(header[32..]),
                BinaryPrimitives.ReadUInt64LittleEndian(header[40..]),
                BinaryPrimitives.ReadUInt64LittleEndian(header[16..]))
            : new Segment(
                BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
                BinaryPrimitives.ReadUInt32LittleEndian(header[12..]),
                BinaryPrimitives.ReadUInt32LittleEndian(header[16..]),
                BinaryPrimitives.ReadUInt32LittleEndian(header[20..]),
                BinaryPrimitives.ReadUInt32LittleEndian(header[8..]));
        if (type == SegmentLoad && segment.MemoryByteCount != 0)
        {
            Segments.Add(segment);
        }
        else if (type == SegmentNote)
        {
            _notes.Add(segment);
        }
    }

    // Segments below 1 MiB must leave the boot tables and the firmware area alone.
    private void RequireLow(Segment segment)
    {
        const ulong First = LowMemory.CommandLine + LowMemory.CommandLineByteCount;
        if (segment.GuestPhysical < First || segment.GuestPhysical + segment.MemoryByteCount > LowMemory.End)
        {
            throw new SosiaException(
                $"The kernel '{_path}' has a segment at 0x{segment.GuestPhysical:x}, which the boot protocol's own tables or the firmware area occupy; link it at 1 MiB or above.");
        }
    }

    private ReadOnlySpan<byte> Part(ulong offset, ulong byteCount)
        => offset <= (ulong)_file.Length && byteCount <= (ulong)_file.Length - offset
            ? _file.AsSpan((int)offset, (int)byteCount)
            : throw Truncated();

    private SosiaException Truncated()
        => new($"The kernel '{_path}' is a truncated ELF file: it has {_file.Length} bytes, but its headers speak of more; copy or build it again.");

    /// <summary>A part of the file that belongs into memory.</summary>
    /// <param name="FileOffset">Where it is in the file.</param>
    /// <param name="GuestPhysical">Where it goes.</param>
    /// <param name="FileByteCount">How many bytes come from the file.</param>
    /// <param name="MemoryByteCount">How many bytes it has in memory.</param>
    /// <param name="Linear">The address that it is linked for.</param>
    public readonly record struct Segment(ulong FileOffset, ulong GuestPhysical, ulong FileByteCount, ulong MemoryByteCount, ulong Linear);
}
