using System;
using System.Buffers.Binary;
using System.Text;

namespace Sosia.Images.Qcow2;

/// <summary>An entry of the snapshot table.</summary>
internal sealed class Qcow2Snapshot
{
    public const int FixedByteCount = 40;

    private const int MinExtraByteCount = 24;

    public required ulong L1TableOffset { get; init; }

    public required int L1EntryCount { get; init; }

    public required string Id { get; init; }

    public required string Name { get; init; }

    public required uint Seconds { get; init; }

    public required uint Nanoseconds { get; init; }

    /// <summary>The guest's time in nanoseconds, for machine state.</summary>
    public ulong GuestNanoseconds { get; init; }

    /// <summary>Fields that this version of the format may add: kept as they are.</summary>
    public byte[] Extra { get; init; } = new byte[MinExtraByteCount];

    public uint MachineStateByteCount32 { get; init; }

    public ulong MachineStateByteCount => Extra.Length >= 8 ? BinaryPrimitives.ReadUInt64BigEndian(Extra) : MachineStateByteCount32;

    /// <summary>The disk's size at the time; 0 when it is not recorded.</summary>
    public ulong DiskByteCount => Extra.Length >= 16 ? BinaryPrimitives.ReadUInt64BigEndian(Extra.AsSpan(8)) : 0;

    /// <summary>The length of the entry in the table.</summary>
    public int ByteCount => (FixedByteCount + Extra.Length + Encoding.UTF8.GetByteCount(Id) + Encoding.UTF8.GetByteCount(Name) + 7) & ~7;

    public DiskSnapshot Describe(ulong diskByteCount)
        => new(Id, Name, DateTimeOffset.FromUnixTimeSeconds(Seconds).AddTicks(Nanoseconds / 100), DiskByteCount == 0 ? diskByteCount : DiskByteCount, MachineStateByteCount);

    /// <summary>Extra data with a disk's size and no machine state.</summary>
    public static byte[] MakeExtra(ulong diskByteCount)
    {
        byte[] extra = new byte[MinExtraByteCount];
        BinaryPrimitives.WriteUInt64BigEndian(extra.AsSpan(8), diskByteCount);
        // No instruction count: all ones.
        BinaryPrimitives.WriteUInt64BigEndian(extra.AsSpan(16), ulong.MaxValue);
        return extra;
    }

    public void WriteTo(Span<byte> entry)
    {
        byte[] id = Encoding.UTF8.GetBytes(Id);
        byte[] name = Encoding.UTF8.GetBytes(Name);
        BinaryPrimitives.WriteUInt64BigEndian(entry, L1TableOffset);
        BinaryPrimitives.WriteUInt32BigEndian(entry[8..], (uint)L1EntryCount);
        BinaryPrimitives.WriteUInt16BigEndian(entry[12..], (ushort)id.Length);
        BinaryPrimitives.WriteUInt16BigEndian(entry[14..], (ushort)name.Length);
        BinaryPrimitives.WriteUInt32BigEndian(entry[16..], Seconds);
        BinaryPrimitives.WriteUInt32BigEndian(entry[20..], Nanoseconds);
        BinaryPrimitives.WriteUInt64BigEndian(entry[24..], GuestNanoseconds);
        BinaryPrimitives.WriteUInt32BigEndian(entry[32..], MachineStateByteCount32);
        BinaryPrimitives.WriteUInt32BigEndian(entry[36..], (uint)Extra.Length);
        Extra.CopyTo(entry[FixedByteCount..]);
        id.CopyTo(entry[(FixedByteCount + Extra.Length)..]);
        name.CopyTo(entry[(FixedByteCount + Extra.Length + id.Length)..]);
    }
}
