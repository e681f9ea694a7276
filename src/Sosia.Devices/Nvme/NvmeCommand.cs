using System;
using System.Buffers.Binary;

namespace Sosia.Devices.Nvme;

/// <summary>A command as it is in a submission queue (NVM Express 1.3, 4.2).</summary>
internal readonly struct NvmeCommand
{
    /// <summary>Bytes of a command.</summary>
    public const int ByteCount = 64;

    public NvmeCommand(ReadOnlySpan<byte> bytes)
    {
        uint first = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        Opcode = (byte)first;
        UsesLists = (first & 0xc000) != 0;
        IsFused = (first & 0x300) != 0;
        Id = (ushort)(first >> 16);
        Namespace = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        Prp1 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        Prp2 = BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]);
        Word10 = BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]);
        Word11 = BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]);
        Word12 = BinaryPrimitives.ReadUInt32LittleEndian(bytes[48..]);
    }

    public byte Opcode { get; }

    /// <summary>True for scatter-gather lists instead of PRP entries.</summary>
    public bool UsesLists { get; }

    /// <summary>True for one of two commands that are to be one.</summary>
    public bool IsFused { get; }

    public ushort Id { get; }

    public uint Namespace { get; }

    public ulong Prp1 { get; }

    public ulong Prp2 { get; }

    public uint Word10 { get; }

    public uint Word11 { get; }

    public uint Word12 { get; }
}
