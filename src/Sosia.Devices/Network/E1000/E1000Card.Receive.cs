using System;
using System.Buffers.Binary;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network.E1000;

/// <content>Receiving (section 3.2).</content>
public sealed partial class E1000Card
{
    private const uint ReceiveEnable = 1 << 1;
    private const uint ReceiveAllUnicast = 1 << 3;
    private const uint ReceiveAllMulticast = 1 << 4;
    private const uint ReceiveBroadcast = 1 << 15;
    private const uint ReceiveVlanFilter = 1 << 18;
    private const uint ReceiveLargeBuffers = 1 << 25;
    private const uint ReceiveStripCrc = 1 << 26;
    private const uint AddressValid = 1u << 31;

    private const byte StatusDone = 1;
    private const byte StatusEndOfPacket = 2;
    private const byte StatusIgnoreChecksums = 4;
    private const byte StatusVlan = 8;

    private const int MinReceived = 60;
    private const int MaxReceived = 16384;

    private readonly byte[] _received = new byte[MaxReceived + FrameCheckSequence.ByteCount];

    private int ReceiveBufferByteCount
    {
        get
        {
            int size = 2048 >> (int)((this[E1000Register.ReceiveControl] >> 16) & 3);
            return (this[E1000Register.ReceiveControl] & ReceiveLargeBuffers) != 0 && size < 2048 ? size * 16 : size;
        }
    }

    // True when there is more that could be done now.
    private bool Receive()
    {
        uint control = this[E1000Register.ReceiveControl];
        bool isOn = (control & ReceiveEnable) != 0;
        uint causes = 0;
        bool more = true;
        for (int i = 0; i < DescriptorsPerTurn;)
        {
            if (!Cable.TryPeek(out Span<byte> frame, out FrameOffload offload))
            {
                if (Cable.AskForFrame())
                {
                    more = false;
                    break;
                }

                continue;
            }

            i++;
            // With the receiver off frames are lost; while there are no buffers they wait.
            bool passes = isOn && IsLinkUp && frame.Length is >= 14 and <= MaxReceived - 60 && offload == default && Passes(frame, control);
            if (passes && !Put(frame, ref causes))
            {
                more = false;
                break;
            }

            Cable.Release();
        }

        if (causes != 0)
        {
            Raise(causes);
        }

        return more;
    }

    private bool Passes(ReadOnlySpan<byte> frame, uint control)
    {
        if ((control & ReceiveVlanFilter) != 0 && IsTagged(frame))
        {
            int vlan = BinaryPrimitives.ReadUInt16BigEndian(frame[14..]) & 0xfff;
            if ((this[E1000Register.VlanTable + (vlan / 32 * 4)] & (1u << (vlan % 32))) == 0)
            {
                return false;
            }
        }

        var destination = MacAddress.Read(frame);
        if (destination == MacAddress.Broadcast)
        {
            return (control & ReceiveBroadcast) != 0 || (control & ReceiveAllMulticast) != 0;
        }

        if ((control & (destination.IsGroup ? ReceiveAllMulticast : ReceiveAllUnicast)) != 0)
        {
            return true;
        }

        uint low = BinaryPrimitives.ReadUInt32LittleEndian(frame);
        uint high = BinaryPrimitives.ReadUInt16LittleEndian(frame[4..]);
        for (int at = E1000Register.ReceiveAddress; at < E1000Register.ReceiveAddressEnd; at += 8)
        {
            if ((this[at + 4] & AddressValid) != 0 && this[at] == low && (this[at + 4] & 0xffff) == high)
            {
                return true;
            }
        }

        if (!destination.IsGroup)
        {
            return false;
        }

        // Twelve of the last sixteen bits; which ones RCTL.MO says.
        int shift = ((int)(control >> 12) & 3) switch { 0 => 4, 1 => 3, 2 => 2, _ => 0 };
        int hash = ((frame[5] << 8 | frame[4]) >> shift) & 0xfff;
        return (this[E1000Register.MulticastTable + (hash / 32 * 4)] & (1u << (hash % 32))) != 0;
    }

    private bool IsTagged(ReadOnlySpan<byte> frame)
        => frame.Length >= 18 && BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) == (ushort)this[E1000Register.VlanType];

    // False when there are not enough buffers.
    private bool Put(ReadOnlySpan<byte> frame, ref uint causes)
    {
        ushort tag = 0;
        byte status = StatusDone | StatusIgnoreChecksums;
        int byteCount = frame.Length;
        if ((this[E1000Register.Control] & ControlVlan) != 0 && IsTagged(frame))
        {
            tag = BinaryPrimitives.ReadUInt16BigEndian(frame[14..]);
            status |= StatusVlan;
            frame[..12].CopyTo(_received);
            frame[16..].CopyTo(_received.AsSpan(12));
            byteCount -= 4;
        }
        else
        {
            frame.CopyTo(_received);
        }

        if (byteCount < MinReceived)
        {
            _received.AsSpan(byteCount, MinReceived - byteCount).Clear();
            byteCount = MinReceived;
        }

        if ((this[E1000Register.ReceiveControl] & ReceiveStripCrc) == 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_received.AsSpan(byteCount), FrameCheckSequence.Compute(_received.AsSpan(0, byteCount)));
            byteCount += FrameCheckSequence.ByteCount;
        }

        uint size = this[E1000Register.ReceiveLength] / DescriptorByteCount & 0xffff;
        uint head = this[E1000Register.ReceiveHead];
        uint tail = this[E1000Register.ReceiveTail];
        int bufferByteCount = ReceiveBufferByteCount;
        uint needed = (uint)((byteCount + bufferByteCount - 1) / bufferByteCount);
        if (size == 0 || head >= size || tail >= size || (tail + size - head) % size < needed)
        {
            return false;
        }

        ulong ring = this[E1000Register.ReceiveBase] & ~15u | ((ulong)this[E1000Register.ReceiveBase + 4] << 32);
        Span<byte> descriptor = stackalloc byte[DescriptorByteCount];
        for (int done = 0; done < byteCount;)
        {
            ulong at = ring + (head * (ulong)DescriptorByteCount);
            int piece = Math.Min(bufferByteCount, byteCount - done);
            if (!_memory.ReadBytes(at, descriptor)
                || !_memory.WriteBytes(BinaryPrimitives.ReadUInt64LittleEndian(descriptor), _received.AsSpan(done, piece)))
            {
                _log.GuestMisuse(Name, "receive descriptor or buffer outside RAM", at);
            }

            done += piece;
            BinaryPrimitives.WriteUInt16LittleEndian(descriptor[8..], (ushort)piece);
            BinaryPrimitives.WriteUInt16LittleEndian(descriptor[10..], 0);
            descriptor[12] = (byte)(status | (done == byteCount ? StatusEndOfPacket : 0));
            descriptor[13] = 0;
            BinaryPrimitives.WriteUInt16LittleEndian(descriptor[14..], tag);
            _ = _memory.WriteBytes(at + 8, descriptor[8..]);
            head = (head + 1) % size;
        }

        this[E1000Register.ReceiveHead] = head;
        this[E1000Register.GoodReceived]++;
        causes |= CauseReceived;
        // A half, a quarter or an eighth of the ring is left (RCTL.RDMTS).
        if ((tail + size - head) % size <= size >> (1 + (int)((this[E1000Register.ReceiveControl] >> 8) & 3)))
        {
            causes |= CauseReceiveMinimum;
        }

        return true;
    }
}
