using System;
using System.Buffers.Binary;
using Sosia.Core.Buses;

namespace Sosia.Devices.Usb.Uhci;

/// <summary>Goes through a frame's list of transfer descriptors and queues in guest memory (UHCI 1.1, chapter 3).</summary>
internal sealed class UhciSchedule(MemoryBus memory, Func<byte, UsbDevice?> find)
{
    private const uint LinkEnd = 1 << 0;
    private const uint LinkIsQueue = 1 << 1;
    private const uint LinkDepthFirst = 1 << 2;
    private const uint LinkAddress = 0xffff_fff0;

    private const uint StatusTimeout = 1 << 18;
    private const uint StatusNak = 1 << 19;
    private const uint StatusStalled = 1 << 22;
    private const uint StatusActive = 1 << 23;
    private const uint StatusBits = 0x00ff_0000;
    private const uint ControlInterrupt = 1 << 24;
    private const uint ControlIsochronous = 1 << 25;
    private const uint ControlErrorCount = 3 << 27;
    private const uint ControlShortPacket = 1 << 29;
    private const uint LengthMask = 0x7ff;
    private const int MaxPacketByteCount = 1280;

    // More than a real bus of 12 Mbit/s carries in a millisecond; a guest does not see it but by its disks' speed.
    private const int FrameByteCount = 16 * 1024;

    // Lists may be circles: a frame ends when it has gone round without finding anything to do.
    private const int MaxIdleSteps = 128;
    private const int MaxSteps = 2048;

    private readonly byte[] _packet = new byte[MaxPacketByteCount];
    private int _bytesLeft;

    /// <summary>True when a descriptor that wants an interrupt was done.</summary>
    public bool WantsInterrupt { get; private set; }

    /// <summary>True when a packet was shorter than it might have been, and its descriptor minds.</summary>
    public bool WasShort { get; private set; }

    /// <summary>True when a transfer failed.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>True when the lists are not in memory: the controller must stop.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Processes a frame.</summary>
    /// <param name="entry">Guest physical address of the frame's entry in the list.</param>
    public void Run(uint entry)
    {
        WantsInterrupt = WasShort = HasFailed = IsBroken = false;
        _bytesLeft = FrameByteCount;
        uint link = Read(entry);
        uint queue = 0;
        uint queueLink = LinkEnd;
        int idleSteps = 0;
        for (int step = 0; step < MaxSteps && idleSteps < MaxIdleSteps && _bytesLeft > 0 && !IsBroken; step++)
        {
            if ((link & LinkEnd) != 0)
            {
                // The end of a queue's descriptors is where its neighbour follows.
                if (queue == 0)
                {
                    return;
                }

                queue = 0;
                link = queueLink;
                continue;
            }

            if ((link & LinkIsQueue) != 0)
            {
                idleSteps++;
                queue = link & LinkAddress;
                queueLink = Read(queue);
                uint element = Read(queue + 4);
                // A queue within a queue's element is processed as its neighbour.
                link = (element & LinkEnd) != 0 ? LinkEnd : element;
                if ((element & (LinkEnd | LinkIsQueue)) == LinkIsQueue)
                {
                    queue = 0;
                }

                continue;
            }

            uint descriptor = link & LinkAddress;
            uint next = Read(descriptor);
            bool isDone = Execute(descriptor, isInQueue: queue != 0);
            if (queue == 0)
            {
                idleSteps++;
                link = next;
            }
            else if (isDone)
            {
                idleSteps = 0;
                Write(queue + 4, next);
                link = (next & LinkDepthFirst) != 0 ? next : LinkEnd;
            }
            else
            {
                link = LinkEnd;
            }
        }
    }

    // True when the queue goes on to the next descriptor.
    private bool Execute(uint descriptor, bool isInQueue)
    {
        uint control = Read(descriptor + 4);
        if ((control & StatusActive) == 0 || IsBroken)
        {
            return false;
        }

        uint token = Read(descriptor + 8);
        uint buffer = Read(descriptor + 12);
        int maxByteCount = (int)(((token >> 21) + 1) & LengthMask);
        if (maxByteCount > MaxPacketByteCount || (byte)token is not ((byte)UsbToken.In or (byte)UsbToken.Out or (byte)UsbToken.Setup))
        {
            // Consistency checks of the controller fail (section 2.1.2).
            IsBroken = true;
            return false;
        }

        var kind = (UsbToken)(byte)token;
        Span<byte> data = _packet.AsSpan(0, maxByteCount);
        if (kind != UsbToken.In)
        {
            _ = memory.ReadBytes(buffer, data);
        }

        int byteCount = 0;
        UsbAnswer answer = find((byte)((token >> 8) & 0x7f))?.Answer(kind, (int)(token >> 15) & 15, data, out byteCount) ?? UsbAnswer.Silence;
        _bytesLeft -= 16 + byteCount;
        return Finish(descriptor, control, kind, buffer, data, byteCount, answer, isInQueue);
    }

    private bool Finish(uint descriptor, uint control, UsbToken kind, uint buffer, ReadOnlySpan<byte> data, int byteCount, UsbAnswer answer, bool isInQueue)
    {
        uint done = control & ~(StatusBits | LengthMask);
        bool isIsochronous = (control & ControlIsochronous) != 0;
        switch (answer)
        {
            case UsbAnswer.Later when !isIsochronous:
                Write(descriptor + 4, control | StatusNak);
                return false;
            case UsbAnswer.Done:
                done |= (uint)(byteCount - 1) & LengthMask;
                if (kind == UsbToken.In)
                {
                    _ = memory.WriteBytes(buffer, data[..byteCount]);
                }

                break;
            case UsbAnswer.Stall:
                done |= StatusStalled | LengthMask;
                HasFailed = true;
                break;
            default:
                // Three attempts in vain, at once.
                done = (done & ~ControlErrorCount) | StatusTimeout | LengthMask | (isIsochronous ? 0 : StatusStalled);
                HasFailed = true;
                break;
        }

        bool isShort = answer == UsbAnswer.Done && kind == UsbToken.In && byteCount < data.Length && isInQueue && (control & ControlShortPacket) != 0;
        Write(descriptor + 4, done);
        WasShort |= isShort;
        WantsInterrupt |= (control & ControlInterrupt) != 0;
        return answer == UsbAnswer.Done && !isShort;
    }

    private uint Read(uint guestPhysical)
    {
        Span<byte> bytes = stackalloc byte[4];
        IsBroken |= !memory.ReadBytes(guestPhysical, bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    private void Write(uint guestPhysical, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        IsBroken |= !memory.WriteBytes(guestPhysical, bytes);
    }
}
