using System;
using Sosia.Core.Snapshots;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network;

/// <summary>Which frames a virtio network device passes to its driver (virtio 1.1, sections 5.1.6.5.1 and 5.1.6.5.2).</summary>
internal sealed class ReceiveFilter
{
    /// <summary>The most addresses that each table keeps; with more, all frames of that kind pass.</summary>
    public const int MaxAddresses = 64;

    private readonly ulong[] _unicast = new ulong[MaxAddresses];
    private readonly ulong[] _multicast = new ulong[MaxAddresses];
    private int _unicastCount;
    private int _multicastCount;

    /// <summary>The modes, by the number of their command: all, all multicast, all unicast, no multicast, no unicast, no broadcast.</summary>
    public byte Modes { get; private set; }

    private bool Has(int mode) => (Modes & (1 << mode)) != 0;

    public void Reset()
    {
        // A driver without VIRTIO_NET_F_CTRL_RX filters itself what it does not want.
        Modes = 1;
        _unicastCount = _multicastCount = 0;
    }

    public bool TrySetMode(int mode, byte value)
    {
        if (mode > 5 || value > 1)
        {
            return false;
        }

        Modes = (byte)((Modes & ~(1 << mode)) | (value << mode));
        return true;
    }

    /// <summary>Sets one of the tables.</summary>
    /// <param name="isMulticast">Which one.</param>
    /// <param name="addresses">Six bytes each; empty with <paramref name="overflows"/>.</param>
    /// <param name="overflows">True when there are more than the table takes.</param>
    public void SetTable(bool isMulticast, ReadOnlySpan<byte> addresses, bool overflows)
    {
        ulong[] table = isMulticast ? _multicast : _unicast;
        int count = overflows ? -1 : addresses.Length / MacAddress.ByteCount;
        for (int i = 0; i < count; i++)
        {
            table[i] = MacAddress.Read(addresses[(i * MacAddress.ByteCount)..]).Value;
        }

        if (isMulticast)
        {
            _multicastCount = count;
        }
        else
        {
            _unicastCount = count;
        }
    }

    /// <summary>Whether a frame passes.</summary>
    public bool Passes(MacAddress destination, MacAddress own)
    {
        if (Has(0))
        {
            return true;
        }

        if (destination == MacAddress.Broadcast)
        {
            return !Has(5);
        }

        return destination.IsGroup
            ? !Has(3) && (Has(1) || _multicastCount < 0 || _multicast.AsSpan(0, _multicastCount).Contains(destination.Value))
            : !Has(4) && (destination == own || Has(2) || _unicastCount < 0 || _unicast.AsSpan(0, _unicastCount).Contains(destination.Value));
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("filter.modes", Modes);
        Save(writer, "filter.unicast", _unicast, _unicastCount);
        Save(writer, "filter.multicast", _multicast, _multicastCount);
    }

    public void Restore(SnapshotReader reader)
    {
        Modes = (byte)(reader.ReadByte("filter.modes") & 0x3f);
        _unicastCount = Restore(reader, "filter.unicast", _unicast);
        _multicastCount = Restore(reader, "filter.multicast", _multicast);
    }

    private static void Save(SnapshotWriter writer, string name, ulong[] table, int count)
    {
        writer.Write(name + ".count", count);
        for (int i = 0; i < count; i++)
        {
            writer.Write($"{name}{i}", table[i]);
        }
    }

    private static int Restore(SnapshotReader reader, string name, ulong[] table)
    {
        int count = Math.Clamp(reader.ReadInt32(name + ".count"), -1, MaxAddresses);
        for (int i = 0; i < count; i++)
        {
            table[i] = reader.ReadUInt64($"{name}{i}");
        }

        return count;
    }
}
