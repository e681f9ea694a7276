using System;
using System.Buffers.Binary;

namespace Sosia.Net.Frames;

/// <summary>Does what a frame's <see cref="FrameOffload"/> has left to do, for receivers that take frames only as they are on a wire.</summary>
public static class FrameSegmenter
{
    private const int EthernetByteCount = 14;
    private const byte Tcp = 6;
    private const byte FinPush = 0x09;
    private const byte CongestionWindowReduced = 0x80;

    /// <summary>Completes a checksum in place.</summary>
    /// <returns>False when it would lie outside the frame.</returns>
    public static bool CompleteChecksum(Span<byte> frame, in FrameOffload offload)
    {
        int at = offload.ChecksumStart + offload.ChecksumOffset;
        if (offload.ChecksumStart >= frame.Length || at + 2 > frame.Length)
        {
            return false;
        }

        ushort value = InternetChecksum.Finish(InternetChecksum.Add(frame[offload.ChecksumStart..]));
        // UDP: a checksum of 0 would mean that there is none (RFC 768). For TCP both zeros are alike.
        BinaryPrimitives.WriteUInt16BigEndian(frame[at..], value == 0 ? (ushort)0xffff : value);
        return true;
    }

    /// <summary>Finds out how a frame with much TCP data is to be cut.</summary>
    /// <param name="frame">The frame: TCP over IPv4 or IPv6 without extension headers, with or without a VLAN tag.</param>
    /// <param name="segmentByteCount">How much data a segment takes; at least 1.</param>
    /// <param name="plan">The way to cut it.</param>
    /// <returns>False when the frame is anything else.</returns>
    public static bool TryPlan(ReadOnlySpan<byte> frame, int segmentByteCount, out SegmentPlan plan)
    {
        plan = default;
        int network = EthernetByteCount;
        if (frame.Length < network + 20 || segmentByteCount < 1)
        {
            return false;
        }

        ushort type = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        if (type == 0x8100)
        {
            type = BinaryPrimitives.ReadUInt16BigEndian(frame[16..]);
            network += 4;
        }

        bool isV6 = type == 0x86dd;
        int transport = network + (isV6 ? 40 : frame.Length > network ? (frame[network] & 15) * 4 : 0);
        if ((type != 0x0800 && !isV6) || transport < network + 20 || frame.Length < transport + 20 || frame[isV6 ? network + 6 : network + 9] != Tcp)
        {
            return false;
        }

        int data = transport + ((frame[transport + 12] >> 4) * 4);
        if (data < transport + 20 || data > frame.Length)
        {
            return false;
        }

        int dataByteCount = frame.Length - data;
        plan = new SegmentPlan(network, transport, data, segmentByteCount, Math.Max(1, (dataByteCount + segmentByteCount - 1) / segmentByteCount), isV6);
        return true;
    }

    /// <summary>Makes one of the segments.</summary>
    /// <param name="frame">The whole frame.</param>
    /// <param name="plan">What <see cref="TryPlan"/> found.</param>
    /// <param name="index">Which segment, from 0.</param>
    /// <param name="segment">Takes it; as large as header and data together.</param>
    /// <returns>Its length.</returns>
    public static int Write(ReadOnlySpan<byte> frame, in SegmentPlan plan, int index, Span<byte> segment)
    {
        int from = plan.Data + (index * plan.SegmentByteCount);
        int dataByteCount = Math.Min(plan.SegmentByteCount, frame.Length - from);
        int byteCount = plan.Data + dataByteCount;
        frame[..plan.Data].CopyTo(segment);
        frame.Slice(from, dataByteCount).CopyTo(segment[plan.Data..]);
        Span<byte> network = segment[plan.Network..];
        Span<byte> transport = segment[plan.Transport..byteCount];
        uint sum;
        if (plan.IsV6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(network[4..], (ushort)(byteCount - plan.Network - 40));
            sum = InternetChecksum.Add(network.Slice(8, 32), (uint)transport.Length + Tcp);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(network[2..], (ushort)(byteCount - plan.Network));
            BinaryPrimitives.WriteUInt16BigEndian(network[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(network[4..]) + index));
            network.Slice(10, 2).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(network[10..], InternetChecksum.Finish(InternetChecksum.Add(network[..(plan.Transport - plan.Network)])));
            sum = InternetChecksum.PseudoHeader(BinaryPrimitives.ReadUInt32BigEndian(network[12..]), BinaryPrimitives.ReadUInt32BigEndian(network[16..]), Tcp, transport.Length);
        }

        BinaryPrimitives.WriteUInt32BigEndian(transport[4..], BinaryPrimitives.ReadUInt32BigEndian(transport[4..]) + (uint)(index * plan.SegmentByteCount));
        if (index != plan.Count - 1)
        {
            transport[13] &= unchecked((byte)~FinPush);
        }

        if (index != 0)
        {
            transport[13] &= unchecked((byte)~CongestionWindowReduced);
        }

        transport.Slice(16, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(transport[16..], InternetChecksum.Finish(InternetChecksum.Add(transport, sum)));
        return byteCount;
    }
}
