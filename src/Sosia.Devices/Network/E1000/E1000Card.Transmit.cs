using System;
using System.Buffers.Binary;
using Sosia.Core.Snapshots;
using Sosia.Net;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network.E1000;

/// <content>Transmitting (section 3.3).</content>
public sealed partial class E1000Card
{
    private const uint TransmitEnable = 1 << 1;
    private const uint TransmitPad = 1 << 3;

    private const byte CommandEnd = 1;
    private const byte CommandInsertChecksum = 4;
    private const byte CommandSegment = 4;
    private const byte CommandReport = 8;
    private const byte CommandExtended = 0x20;
    private const byte CommandVlan = 0x40;

    private const byte OptionIpChecksum = 1;
    private const byte OptionTransportChecksum = 2;

    private const int ContextByteCount = 16;
    private const int MinTransmitted = 60;
    private const int TagByteCount = 4;

    // A frame and its segments, if it is the cable that cuts it.
    private const int MostInCable = 4 * FrameQueue.MaxFrameByteCount;

    private readonly byte[] _context = new byte[ContextByteCount];
    private readonly byte[] _out = new byte[FrameQueue.MaxFrameByteCount];
    private int _outCount;
    private byte _outOptions;
    private bool _outSegments;
    private bool _outOverflows;

    private void ResetTransmit()
    {
        Array.Clear(_context);
        BeginFrame();
    }

    private void BeginFrame()
    {
        _outCount = 0;
        _outOptions = 0;
        _outSegments = false;
        _outOverflows = false;
    }

    private void SaveTransmit(SnapshotWriter writer)
    {
        writer.Write("transmit.context", _context);
        writer.Write("transmit.frame", _out.AsSpan(0, _outCount));
        writer.Write("transmit.options", _outOptions);
        writer.Write("transmit.segments", _outSegments);
        writer.Write("transmit.overflows", _outOverflows);
        writer.Write("interrupt.asserted", _isAsserted);
    }

    private void RestoreTransmit(SnapshotReader reader)
    {
        reader.ReadBytes("transmit.context", _context);
        byte[] frame = reader.ReadBytes("transmit.frame");
        _outCount = Math.Min(frame.Length, _out.Length);
        frame.AsSpan(0, _outCount).CopyTo(_out);
        _outOptions = reader.ReadByte("transmit.options");
        _outSegments = reader.ReadBoolean("transmit.segments");
        _outOverflows = reader.ReadBoolean("transmit.overflows");
        _isAsserted = reader.ReadBoolean("interrupt.asserted");
    }

    // True when there is more that could be done now.
    private bool Transmit()
    {
        if ((this[E1000Register.TransmitControl] & TransmitEnable) == 0)
        {
            return false;
        }

        uint size = this[E1000Register.TransmitLength] / DescriptorByteCount & 0xffff;
        ulong ring = this[E1000Register.TransmitBase] & ~15u | ((ulong)this[E1000Register.TransmitBase + 4] << 32);
        uint tail = this[E1000Register.TransmitTail];
        ref uint head = ref this[E1000Register.TransmitHead];
        uint causes = 0;
        bool more = true;
        Span<byte> descriptor = stackalloc byte[DescriptorByteCount];
        for (int i = 0; i < DescriptorsPerTurn; i++)
        {
            if (size == 0 || head >= size || tail >= size || head == tail)
            {
                more = false;
                break;
            }

            ulong at = ring + (head * (ulong)DescriptorByteCount);
            if (!_memory.ReadBytes(at, descriptor))
            {
                _log.GuestMisuse(Name, "transmit descriptor outside RAM", at);
            }
            else if (!Take(descriptor))
            {
                // No room: the cable says when there is.
                more = false;
                break;
            }
            else if ((descriptor[11] & CommandReport) != 0)
            {
                descriptor[12] |= StatusDone;
                _ = _memory.WriteBytes(at + 12, descriptor.Slice(12, 1));
                causes |= CauseTransmitted;
            }

            head = (head + 1) % size;
            if (head == tail)
            {
                causes |= CauseTransmitQueueEmpty;
            }
        }

        if (causes != 0)
        {
            Raise(causes);
        }

        return more;
    }

    // False when its frame cannot be sent now; the descriptor is taken again then.
    private bool Take(ReadOnlySpan<byte> descriptor)
    {
        byte command = descriptor[11];
        bool isExtended = (command & CommandExtended) != 0;
        if (isExtended && (descriptor[10] & 0xf0) == 0)
        {
            descriptor.CopyTo(_context);
            return true;
        }

        if ((command & CommandEnd) != 0 && Cable.Reserve(MostInCable).IsEmpty)
        {
            return false;
        }

        if (_outCount == 0)
        {
            _outOptions = isExtended ? descriptor[13] : (byte)0;
            _outSegments = isExtended && (command & CommandSegment) != 0;
        }

        int byteCount = BinaryPrimitives.ReadUInt16LittleEndian(descriptor[8..]) | (isExtended ? (descriptor[10] & 0xf) << 16 : 0);
        if (byteCount > _out.Length - TagByteCount - _outCount)
        {
            _outOverflows = true;
        }
        else if (byteCount != 0)
        {
            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
            if (!_memory.ReadBytes(address, _out.AsSpan(_outCount, byteCount)))
            {
                _log.GuestMisuse(Name, "transmit buffer outside RAM", address);
            }

            _outCount += byteCount;
        }

        if ((command & CommandEnd) == 0)
        {
            return true;
        }

        if (_outOverflows || _outCount < 14)
        {
            _log.GuestMisuse(Name, "frame of an impossible length", (ulong)_outCount);
        }
        else if (IsLinkUp)
        {
            SendFrame(descriptor, command, isExtended);
        }

        this[E1000Register.GoodTransmitted]++;
        BeginFrame();
        return true;
    }

    private void SendFrame(ReadOnlySpan<byte> descriptor, byte command, bool isExtended)
    {
        Span<byte> frame = _out.AsSpan(0, _outCount);
        FrameOffload offload = default;
        if (isExtended)
        {
            offload = PrepareOffload(frame);
        }
        else if ((command & CommandInsertChecksum) != 0 && descriptor[10] > descriptor[13])
        {
            offload = new FrameOffload(descriptor[13], (ushort)(descriptor[10] - descriptor[13]), 0);
        }

        int byteCount = _outCount;
        if ((command & CommandVlan) != 0 && (this[E1000Register.Control] & ControlVlan) != 0)
        {
            // The tag goes behind the addresses; what is counted from the frame's start moves with it.
            _out.AsSpan(12, byteCount - 12).CopyTo(_out.AsSpan(12 + TagByteCount));
            BinaryPrimitives.WriteUInt16BigEndian(_out.AsSpan(12), (ushort)this[E1000Register.VlanType]);
            BinaryPrimitives.WriteUInt16BigEndian(_out.AsSpan(14), BinaryPrimitives.ReadUInt16LittleEndian(descriptor[14..]));
            byteCount += TagByteCount;
            if (offload.NeedsChecksum)
            {
                offload = offload with { ChecksumStart = (ushort)(offload.ChecksumStart + TagByteCount) };
            }
        }

        if (byteCount < MinTransmitted && (this[E1000Register.TransmitControl] & TransmitPad) != 0)
        {
            _out.AsSpan(byteCount, MinTransmitted - byteCount).Clear();
            byteCount = MinTransmitted;
        }

        _ = Cable.TrySend(_out.AsSpan(0, byteCount), offload);
    }

    // Section 3.3.6: what the context says of where headers and checksums are.
    private FrameOffload PrepareOffload(Span<byte> frame)
    {
        int ipStart = _context[0];
        int ipChecksum = _context[1];
        int ipEnd = BinaryPrimitives.ReadUInt16LittleEndian(_context.AsSpan(2));
        int start = _context[4];
        int offset = _context[5] - start;
        ushort segmentByteCount = _outSegments ? BinaryPrimitives.ReadUInt16LittleEndian(_context.AsSpan(14)) : (ushort)0;
        if (_outSegments && ipStart + 20 <= frame.Length && start > ipStart && start + 20 <= frame.Length && offset > 0 && start + offset + 2 <= frame.Length)
        {
            // Drivers leave the length out of the IP header and of the pseudo header's sum.
            bool isV4 = frame[ipStart] >> 4 == 4;
            BinaryPrimitives.WriteUInt16BigEndian(frame[(ipStart + (isV4 ? 2 : 4))..], (ushort)(frame.Length - (isV4 ? ipStart : start)));
            uint sum = BinaryPrimitives.ReadUInt16BigEndian(frame[(start + offset)..]) + (uint)(frame.Length - start);
            BinaryPrimitives.WriteUInt16BigEndian(frame[(start + offset)..], (ushort)((sum >> 16) + (ushort)sum));
        }

        int end = ipEnd == 0 ? frame.Length : Math.Min(ipEnd + 1, frame.Length);
        if ((_outOptions & OptionIpChecksum) != 0 && ipStart < end && ipChecksum >= ipStart && ipChecksum + 2 <= end)
        {
            frame.Slice(ipChecksum, 2).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(frame[ipChecksum..], InternetChecksum.Finish(InternetChecksum.Add(frame[ipStart..end])));
        }

        return offset > 0 && (_outSegments || (_outOptions & OptionTransportChecksum) != 0)
            ? new FrameOffload((ushort)start, (ushort)offset, segmentByteCount)
            : default;
    }
}
