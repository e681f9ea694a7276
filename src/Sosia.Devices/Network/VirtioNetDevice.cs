using System;
using System.Buffers.Binary;
using Sosia.Core.Snapshots;
using Sosia.Devices.Virtio;
using Sosia.Net;
using Sosia.Net.Frames;

namespace Sosia.Devices.Network;

/// <summary>
/// A virtio network device (virtio 1.1, section 5.1) with one pair of queues and the control queue: mergeable receive buffers, checksums and TCP segmentation left to
/// the other side in both directions, receive filters. What stands behind it decides how far frames travel undivided.
/// </summary>
public sealed partial class VirtioNetDevice : VirtioDevice, INetworkCard
{
    private const ushort ReceiveQueueSize = 1024;
    private const ushort TransmitQueueSize = 256;
    private const ushort ControlQueueSize = 64;
    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const int ConfigurationSize = 12;
    private const int StatusOffset = 6;
    private const int PairsOffset = 8;

    private const int HeaderByteCount = 12;
    private const int BufferCountOffset = 10;
    private const byte HeaderNeedsChecksum = 1;
    private const byte SegmentationTcp4 = 1;
    private const byte SegmentationTcp6 = 4;
    private const byte SegmentationEcn = 0x80;

    private const int MinFrame = 14;

    private readonly DescriptorChain _chain;
    private readonly ReceiveFilter _filter = new();
    private readonly byte[] _frame = new byte[FrameQueue.MaxFrameByteCount];
    private readonly ushort[] _heads = new ushort[ReceiveQueueSize];
    private readonly uint[] _lengths = new uint[ReceiveQueueSize];
    private readonly MacAddress _permanentMac;
    private bool _isLinkUp = true;

    /// <summary>Creates the device.</summary>
    /// <param name="context">The machine's parts that it uses.</param>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="cable">Its end of its cable.</param>
    /// <param name="mac">Its Ethernet address.</param>
    public VirtioNetDevice(VirtioContext context, string name, CableEnd cable, MacAddress mac)
        : base(context, name, VirtioDeviceId.Network, VirtioNetFeatures.Offered, ConfigurationSize, [ReceiveQueueSize, TransmitQueueSize, ControlQueueSize])
    {
        ArgumentNullException.ThrowIfNull(cable);
        Cable = cable;
        _permanentMac = mac;
        _chain = new DescriptorChain(Memory);
        SetConfiguration16(PairsOffset, 1);
        OnReset();
    }

    /// <inheritdoc/>
    public CableEnd Cable { get; }

    /// <inheritdoc/>
    public bool IsLinkUp
    {
        get => _isLinkUp;
        set
        {
            if (_isLinkUp != value)
            {
                _isLinkUp = value;
                SetConfiguration16(StatusOffset, value ? (ushort)1 : (ushort)0);
                ConfigurationChanged();
            }
        }
    }

    private MacAddress Mac => MacAddress.Read(Configuration);

    /// <inheritdoc/>
    public void ServiceCable()
    {
        if (!IsRunning)
        {
            DiscardFrames();
            return;
        }

        Service(ReceiveQueue);
        Service(TransmitQueue);
    }

    /// <inheritdoc/>
    protected override bool ServiceQueue(VirtQueue queue)
    {
        ArgumentNullException.ThrowIfNull(queue);
        return queue.Index switch
        {
            ReceiveQueue => Deliver(queue),
            TransmitQueue => Transmit(queue),
            _ => TakeCommands(queue),
        };
    }

    /// <inheritdoc/>
    protected override void OnDriverReady()
    {
        SayWhatFramesAreTaken();
        if (HasFeature(VirtioNetFeatures.ControlQueue | VirtioNetFeatures.ControlReceive))
        {
            _ = _filter.TrySetMode(0, 0);
        }

        ServiceCable();
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        Cable.AcceptsOffloads = false;
        _filter.Reset();
        _permanentMac.Write(Configuration);
        SetConfiguration16(StatusOffset, _isLinkUp ? (ushort)1 : (ushort)0);
        DiscardFrames();
    }

    /// <inheritdoc/>
    protected override void SaveDevice(SnapshotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write("linkUp", _isLinkUp);
        _filter.Save(writer);
    }

    /// <inheritdoc/>
    protected override void RestoreDevice(SnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _isLinkUp = reader.ReadBoolean("linkUp");
        _filter.Restore(reader);
        SayWhatFramesAreTaken();
        Cable.ReportRestored();
        DiscardFrames();
    }

    private void SayWhatFramesAreTaken()
        => Cable.AcceptsOffloads = IsRunning && HasFeature(VirtioNetFeatures.GuestChecksum | VirtioNetFeatures.GuestSegmentation4);

    // Frames for a driver that is not there are lost, as with any card.
    private void DiscardFrames()
    {
        do
        {
            while (Cable.TryPeek(out _, out _))
            {
                Cable.Release();
            }
        }
        while (!Cable.AskForFrame());
    }

    // True when there is more that could be done now.
    private bool Deliver(VirtQueue queue)
    {
        for (int i = 0; i < RequestsPerTurn;)
        {
            if (!Cable.TryPeek(out Span<byte> frame, out FrameOffload offload))
            {
                if (Cable.AskForFrame())
                {
                    return false;
                }

                continue;
            }

            i++;
            if (_isLinkUp && frame.Length >= MinFrame && _filter.Passes(MacAddress.Read(frame), Mac) && TryPrepare(frame, ref offload) && !Put(queue, frame, offload))
            {
                // The frame waits for buffers; the driver says when there are some.
                return false;
            }

            Cable.Release();
        }

        return true;
    }

    // Does what the driver does not do; false when it cannot be done. (Such frames were on their way while another driver was there.)
    private bool TryPrepare(Span<byte> frame, ref FrameOffload offload)
    {
        if (Cable.AcceptsOffloads || !offload.NeedsChecksum)
        {
            return true;
        }

        bool isDone = !offload.NeedsSegmentation && FrameSegmenter.CompleteChecksum(frame, offload);
        offload = default;
        return isDone;
    }

    // False when the driver has not enough buffers (or the device is broken).
    private bool Put(VirtQueue queue, ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        Span<byte> header = stackalloc byte[HeaderByteCount];
        WriteHeader(header, frame, offload);
        bool isMergeable = HasFeature(VirtioNetFeatures.MergeableBuffers);
        int total = HeaderByteCount + frame.Length;
        int done = 0;
        int count = 0;
        while (done < total)
        {
            if (count == _heads.Length || !queue.TryPop(_chain))
            {
                queue.GiveBack(count);
                return false;
            }

            int room = (int)Math.Min(_chain.WritableByteCount, (ulong)(total - done));
            if (room < total && (!isMergeable || (count == 0 && room < HeaderByteCount) || room == 0))
            {
                // It goes back unused, and the frame is lost.
                ReportMisuse("receive buffer too small", _chain.WritableByteCount);
                queue.GiveBack(count);
                SkipFirst(queue);
                return true;
            }

            _heads[count] = _chain.Head;
            _lengths[count] = (uint)room;
            count++;
            int headerPart = done == 0 ? HeaderByteCount : 0;
            int from = done - HeaderByteCount + headerPart;
            if ((headerPart != 0 && !_chain.TryWrite(0, header)) || !_chain.TryWrite((ulong)headerPart, frame.Slice(from, room - headerPart)))
            {
                Break("receive buffer outside RAM", _chain.Head);
                return false;
            }

            done += room;
        }

        if (count > 1)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)count);
            if (!queue.TryFetch(_chain, _heads[0]) || !_chain.TryWrite(BufferCountOffset, header[..2]))
            {
                Break("receive buffer outside RAM", _heads[0]);
                return false;
            }
        }

        for (int i = 0; i < count; i++)
        {
            queue.Push(_heads[i], _lengths[i]);
        }

        return true;
    }

    // Returns the next buffer unused, so that a driver with a useless one is not stuck with it for ever.
    private void SkipFirst(VirtQueue queue)
    {
        if (queue.TryPop(_chain))
        {
            queue.Push(_chain.Head, 0);
        }
    }

    private static void WriteHeader(Span<byte> header, ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        header.Clear();
        header[BufferCountOffset] = 1;
        if (!offload.NeedsChecksum)
        {
            return;
        }

        header[0] = HeaderNeedsChecksum;
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], offload.ChecksumStart);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], offload.ChecksumOffset);
        if (offload.NeedsSegmentation && FrameSegmenter.TryPlan(frame, offload.SegmentByteCount, out SegmentPlan plan))
        {
            header[1] = plan.IsV6 ? SegmentationTcp6 : SegmentationTcp4;
            BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)plan.Data);
            BinaryPrimitives.WriteUInt16LittleEndian(header[4..], offload.SegmentByteCount);
        }
    }

    private bool Transmit(VirtQueue queue)
    {
        Span<byte> header = stackalloc byte[HeaderByteCount];
        for (int i = 0; i < RequestsPerTurn; i++)
        {
            if (!queue.TryPop(_chain))
            {
                return false;
            }

            ulong byteCount = _chain.ReadableByteCount;
            if (byteCount < HeaderByteCount + MinFrame || byteCount > (ulong)(HeaderByteCount + _frame.Length))
            {
                ReportMisuse("frame of an impossible length", byteCount);
            }
            else if (!_chain.TryRead(0, header))
            {
                Break("transmit buffer outside RAM", _chain.Head);
                return false;
            }
            else if (!TryReadHeader(header, out FrameOffload offload))
            {
                ReportMisuse("frame with a header that asks for what was not agreed", header[1]);
            }
            else if (_isLinkUp && !TrySend((int)byteCount - HeaderByteCount, offload))
            {
                // No room (the cable says when there is), or broken.
                queue.GiveBack(1);
                return false;
            }

            queue.Push(_chain.Head, 0);
        }

        return true;
    }

    private bool TryReadHeader(ReadOnlySpan<byte> header, out FrameOffload offload)
    {
        offload = default;
        bool needsChecksum = (header[0] & HeaderNeedsChecksum) != 0;
        int segmentation = header[1] & ~SegmentationEcn;
        ushort segmentByteCount = BinaryPrimitives.ReadUInt16LittleEndian(header[4..]);
        if (!needsChecksum)
        {
            return segmentation == 0;
        }

        bool isAgreed = HasFeature(VirtioNetFeatures.Checksum) && segmentation switch
        {
            0 => true,
            SegmentationTcp4 => HasFeature(VirtioNetFeatures.HostSegmentation4) && segmentByteCount != 0,
            SegmentationTcp6 => HasFeature(VirtioNetFeatures.HostSegmentation6) && segmentByteCount != 0,
            _ => false,
        };
        offload = new FrameOffload(
            BinaryPrimitives.ReadUInt16LittleEndian(header[6..]),
            BinaryPrimitives.ReadUInt16LittleEndian(header[8..]),
            segmentation == 0 ? (ushort)0 : segmentByteCount);
        return isAgreed && offload.NeedsChecksum;
    }

    private bool TrySend(int byteCount, in FrameOffload offload)
    {
        bool isDirect = !offload.NeedsChecksum || Cable.PeerAcceptsOffloads;
        Span<byte> frame = isDirect ? Cable.Reserve(byteCount) : _frame.AsSpan(0, byteCount);
        if (frame.IsEmpty)
        {
            return false;
        }

        if (!_chain.TryRead(HeaderByteCount, frame))
        {
            Break("transmit buffer outside RAM", _chain.Head);
            return false;
        }

        if (isDirect)
        {
            Cable.Commit(frame, offload);
            return true;
        }

        return Cable.TrySend(frame, offload);
    }
}
