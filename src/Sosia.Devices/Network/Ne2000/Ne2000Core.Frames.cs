using System;
using System.Buffers.Binary;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network.Ne2000;

/// <content>Frames: sending (section 7), and receiving into the ring (section 6). State.</content>
internal sealed partial class Ne2000Core
{
    private const byte ReceiveBroadcast = 1 << 2;
    private const byte ReceiveMulticast = 1 << 3;
    private const byte ReceivePromiscuous = 1 << 4;
    private const byte ReceiveMonitor = 1 << 5;
    private const byte ReceivedIntact = 1 << 0;
    private const byte ReceivedGroup = 1 << 5;
    private const byte TransmitIntact = 1 << 0;
    private const byte TransmitLoopback = 3 << 1;
    private const byte CounterHalf = 0x80;
    private const byte CounterEnd = 0xc0;

    private const int MinFrame = 14;
    private const int MaxFrame = 1518;
    private const int MinReceived = 60;
    private const int ReceiveHeaderByteCount = 4;
    private const int FramesPerTurn = 256;

    private readonly byte[] _received = new byte[ReceiveHeaderByteCount + MaxFrame + FrameCheckSequence.ByteCount];

    // Sends the frame that the driver has asked for, if it has. Without room on the cable it waits.
    private void Transmit()
    {
        if ((_command & CommandTransmit) == 0)
        {
            return;
        }

        bool isLooped = (_transmitConfiguration & TransmitLoopback) != 0 || (_dataConfiguration & DataNormal) == 0;
        if (!isLooped && _isLinkUp && _transmitCount is >= MinFrame and <= MaxFrame)
        {
            Span<byte> frame = Cable.Reserve(_transmitCount);
            if (frame.IsEmpty)
            {
                return;
            }

            for (int i = 0; i < frame.Length; i++)
            {
                frame[i] = ReadByte((ushort)((_transmitPage * PageByteCount) + i));
            }

            Cable.Commit(frame, default);
        }

        _command &= unchecked((byte)~CommandTransmit);
        _transmitStatus = TransmitIntact;
        _interruptStatus |= StatusTransmitted;
    }

    private void Receive()
    {
        for (int i = 0; i < FramesPerTurn;)
        {
            if (!Cable.TryPeek(out Span<byte> frame, out FrameOffload offload))
            {
                if (Cable.AskForFrame())
                {
                    return;
                }

                continue;
            }

            i++;
            // With the receiver off frames are lost; without room in the ring they wait.
            bool isOn = (_command & (CommandStart | CommandStop)) == CommandStart && _isLinkUp;
            if (isOn && frame.Length is >= MinFrame and <= MaxFrame && offload == default && Passes(frame) && !Store(frame))
            {
                return;
            }

            Cable.Release();
        }

        GoOnSoon();
    }

    private bool Passes(ReadOnlySpan<byte> frame)
    {
        var destination = MacAddress.Read(frame);
        if (destination == MacAddress.Broadcast)
        {
            return (_receiveConfiguration & ReceiveBroadcast) != 0;
        }

        if (!destination.IsGroup)
        {
            return (_receiveConfiguration & ReceivePromiscuous) != 0 || frame[..MacAddress.ByteCount].SequenceEqual(_physicalAddress);
        }

        // The six bits of the address's check sequence that were computed last (section 5.2, "multicast address registers").
        uint crc = ~FrameCheckSequence.Compute(frame[..MacAddress.ByteCount]);
        int bit = 0;
        for (int i = 0; i < 6; i++)
        {
            bit = (bit << 1) | (int)((crc >> i) & 1);
        }

        return (_receiveConfiguration & ReceiveMulticast) != 0 && (_multicast[bit / 8] & (1 << (bit % 8))) != 0;
    }

    // False when there is no room.
    private bool Store(ReadOnlySpan<byte> frame)
    {
        if ((_receiveConfiguration & ReceiveMonitor) != 0)
        {
            Miss();
            return true;
        }

        // A ring outside the memory, or one that the driver has not set up yet: the frame is lost.
        if (_pageStart < MemoryStart / PageByteCount || _pageStop > MemoryEnd / PageByteCount || _pageStart >= _pageStop
            || _current < _pageStart || _current >= _pageStop || _boundary < _pageStart || _boundary >= _pageStop)
        {
            Miss();
            return true;
        }

        int byteCount = Math.Max(frame.Length, MinReceived);
        Span<byte> stored = _received.AsSpan(0, ReceiveHeaderByteCount + byteCount + FrameCheckSequence.ByteCount);
        Span<byte> data = stored.Slice(ReceiveHeaderByteCount, byteCount);
        frame.CopyTo(data);
        data[frame.Length..].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(stored[(ReceiveHeaderByteCount + byteCount)..], FrameCheckSequence.Compute(data));

        int pages = (stored.Length + PageByteCount - 1) / PageByteCount;
        int ring = _pageStop - _pageStart;
        int free = (_boundary - _current + ring) % ring;
        if (pages >= (free == 0 ? ring : free))
        {
            if (pages < ring)
            {
                return false;
            }

            // It would not even fit into an empty ring.
            Miss();
            return true;
        }

        int next = _current + pages;
        next = next >= _pageStop ? next - ring : next;
        _receiveStatus = (byte)(ReceivedIntact | ((frame[0] & 1) != 0 ? ReceivedGroup : 0));
        stored[0] = _receiveStatus;
        stored[1] = (byte)next;
        BinaryPrimitives.WriteUInt16LittleEndian(stored[2..], (ushort)(byteCount + FrameCheckSequence.ByteCount));
        int at = (_current * PageByteCount) - MemoryStart;
        int first = Math.Min(stored.Length, (_pageStop * PageByteCount) - MemoryStart - at);
        stored[..first].CopyTo(_memory.AsSpan(at));
        stored[first..].CopyTo(_memory.AsSpan((_pageStart * PageByteCount) - MemoryStart));
        _current = (byte)next;
        _interruptStatus |= StatusReceived;
        return true;
    }

    // The counter stops at 192; from 128 on it asks to be read (section 10.5).
    private void Miss()
    {
        _missed = (byte)Math.Min(_missed + 1, CounterEnd);
        if ((_missed & CounterHalf) != 0)
        {
            _interruptStatus |= StatusCounter;
        }
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Write("memory", _memory);
        writer.Write("physicalAddress", _physicalAddress);
        writer.Write("multicast", _multicast);
        writer.Write("command", _command);
        writer.Write("interruptStatus", _interruptStatus);
        writer.Write("interruptMask", _interruptMask);
        writer.Write("pageStart", _pageStart);
        writer.Write("pageStop", _pageStop);
        writer.Write("boundary", _boundary);
        writer.Write("current", _current);
        writer.Write("transmitPage", _transmitPage);
        writer.Write("transmitStatus", _transmitStatus);
        writer.Write("transmitCount", _transmitCount);
        writer.Write("receiveStatus", _receiveStatus);
        writer.Write("receiveConfiguration", _receiveConfiguration);
        writer.Write("transmitConfiguration", _transmitConfiguration);
        writer.Write("dataConfiguration", _dataConfiguration);
        writer.Write("missed", _missed);
        writer.Write("remoteAddress", _remoteAddress);
        writer.Write("remoteCount", _remoteCount);
        writer.Write("linkUp", _isLinkUp);
        writer.Write("continuation", _continuation.IsArmed ? _continuation.DeadlineNanoseconds : MachineClock.Never);
    }

    public void Restore(SnapshotReader reader)
    {
        reader.ReadBytes("memory", _memory);
        reader.ReadBytes("physicalAddress", _physicalAddress);
        reader.ReadBytes("multicast", _multicast);
        _command = reader.ReadByte("command");
        _interruptStatus = reader.ReadByte("interruptStatus");
        _interruptMask = reader.ReadByte("interruptMask");
        _pageStart = reader.ReadByte("pageStart");
        _pageStop = reader.ReadByte("pageStop");
        _boundary = reader.ReadByte("boundary");
        _current = reader.ReadByte("current");
        _transmitPage = reader.ReadByte("transmitPage");
        _transmitStatus = reader.ReadByte("transmitStatus");
        _transmitCount = reader.ReadUInt16("transmitCount");
        _receiveStatus = reader.ReadByte("receiveStatus");
        _receiveConfiguration = reader.ReadByte("receiveConfiguration");
        _transmitConfiguration = reader.ReadByte("transmitConfiguration");
        _dataConfiguration = reader.ReadByte("dataConfiguration");
        _missed = reader.ReadByte("missed");
        _remoteAddress = reader.ReadUInt16("remoteAddress");
        _remoteCount = reader.ReadUInt16("remoteCount");
        _isLinkUp = reader.ReadBoolean("linkUp");
        _continuation.Cancel();
        if (reader.ReadInt64("continuation") is var deadline && deadline != MachineClock.Never)
        {
            _continuation.Arm(deadline);
        }

        Cable.ReportRestored();
        _ = Cable.AskForFrame();
    }
}
