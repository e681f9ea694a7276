using System;
using System.Buffers.Binary;
using Sosia.Devices.Virtio;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network;

/// <content>The control queue (virtio 1.1, section 5.1.6.5).</content>
public sealed partial class VirtioNetDevice
{
    private const int MaxCommandByteCount = 2 + 4 + (6 * 512) + 4 + (6 * 512);
    private const byte ClassReceive = 0;
    private const byte ClassMac = 1;
    private const byte CommandTable = 0;
    private const byte CommandAddress = 1;
    private const byte Ok = 0;
    private const byte Error = 1;

    private readonly byte[] _command = new byte[MaxCommandByteCount];

    private bool TakeCommands(VirtQueue queue)
    {
        for (int i = 0; i < RequestsPerTurn; i++)
        {
            if (!queue.TryPop(_chain))
            {
                return false;
            }

            Span<byte> command = _command.AsSpan(0, (int)Math.Min(_chain.ReadableByteCount, MaxCommandByteCount));
            if (!_chain.TryRead(0, command))
            {
                Break("control command outside RAM", _chain.Head);
                return false;
            }

            bool isDone = command.Length >= 2 && _chain.ReadableByteCount <= MaxCommandByteCount && TryCommand(command[0], command[1], command[2..]);
            if (!isDone)
            {
                ReportMisuse("control command refused", command.Length >= 2 ? (ulong)((command[0] << 8) | command[1]) : 0);
            }

            if (_chain.WritableByteCount == 0 || !_chain.TryWrite(0, [isDone ? Ok : Error]))
            {
                Break("control answer outside RAM", _chain.Head);
                return false;
            }

            queue.Push(_chain.Head, 1);
        }

        return true;
    }

    private bool TryCommand(byte kind, byte command, ReadOnlySpan<byte> data)
    {
        switch (kind, command)
        {
            case (ClassReceive, _):
                return data.Length == 1 && _filter.TrySetMode(command, data[0]);
            case (ClassMac, CommandAddress):
                if (data.Length != MacAddress.ByteCount)
                {
                    return false;
                }

                data.CopyTo(Configuration);
                return true;
            case (ClassMac, CommandTable):
                return TryTakeTable(ref data, out ReadOnlySpan<byte> unicast, out bool unicastOverflows)
                    && TryTakeTable(ref data, out ReadOnlySpan<byte> multicast, out bool multicastOverflows)
                    && SetTables(unicast, unicastOverflows, multicast, multicastOverflows);
            default:
                return false;
        }
    }

    private bool SetTables(ReadOnlySpan<byte> unicast, bool unicastOverflows, ReadOnlySpan<byte> multicast, bool multicastOverflows)
    {
        _filter.SetTable(isMulticast: false, unicast, unicastOverflows);
        _filter.SetTable(isMulticast: true, multicast, multicastOverflows);
        return true;
    }

    private static bool TryTakeTable(ref ReadOnlySpan<byte> data, out ReadOnlySpan<byte> addresses, out bool overflows)
    {
        addresses = [];
        overflows = false;
        if (data.Length < 4)
        {
            return false;
        }

        uint count = BinaryPrimitives.ReadUInt32LittleEndian(data);
        data = data[4..];
        if (count > (uint)data.Length / MacAddress.ByteCount)
        {
            return false;
        }

        overflows = count > ReceiveFilter.MaxAddresses;
        addresses = overflows ? [] : data[..((int)count * MacAddress.ByteCount)];
        data = data[((int)count * MacAddress.ByteCount)..];
        return true;
    }
}
