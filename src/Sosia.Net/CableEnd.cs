using System;
using System.Threading;
using Sosia.Net.Capture;
using Sosia.Net.Frames;

namespace Sosia.Net;

/// <summary>
/// One end of a <see cref="NetworkCable"/>. Its members are for one thread, that of whoever the end is plugged into, where nothing else is said.
/// </summary>
public sealed class CableEnd
{
    private readonly FrameQueue _out;
    private readonly FrameQueue _in;
    private readonly PcapWriter? _capture;
    private volatile bool _acceptsOffloads;
    private long _lost;

    internal CableEnd(FrameQueue outgoing, FrameQueue incoming, PcapWriter? capture)
    {
        _out = outgoing;
        _in = incoming;
        _capture = capture;
        _out.RoomAppeared = () => Wake?.Invoke();
        _in.FrameArrived = () => Wake?.Invoke();
    }

    /// <summary>Called, on any thread, when there is something to do at this end: after <see cref="AskForFrame"/> a frame, after a failed <see cref="Reserve"/> room.</summary>
    public Action? Wake { get; set; }

    /// <summary>Called, on the machine's thread, when the machine at the other end was put into a saved state: what it was told since has not happened to it.</summary>
    public Action? PeerRestored { get; set; }

    /// <summary>True when this end takes frames with work left to do. Readable from any thread.</summary>
    public bool AcceptsOffloads
    {
        get => _acceptsOffloads;
        set => _acceptsOffloads = value;
    }

    /// <summary>True when frames with work left to do may be sent.</summary>
    public bool PeerAcceptsOffloads => Peer.AcceptsOffloads;

    /// <summary>True when the other end has taken all that was sent.</summary>
    public bool PeerHasTakenAll => _out.IsEmpty;

    /// <summary>How many frames made no sense and were not sent.</summary>
    public long LostFrames => Volatile.Read(ref _lost);

    internal CableEnd Peer { get; set; } = null!;

    /// <summary>Where to write a frame that is to be sent; <see cref="Commit"/> sends it.</summary>
    /// <param name="byteCount">Its length at most; up to <see cref="FrameQueue.MaxFrameByteCount"/>.</param>
    /// <returns>Empty when the other end is behind; <see cref="Wake"/> is called when it has caught up.</returns>
    public Span<byte> Reserve(int byteCount)
    {
        Span<byte> room = _out.Reserve(byteCount);
        return !room.IsEmpty || _out.AskForRoom(byteCount) ? room : _out.Reserve(byteCount);
    }

    /// <summary>Sends the frame that was written to what <see cref="Reserve"/> gave.</summary>
    /// <param name="frame">The frame: the beginning of what was reserved.</param>
    /// <param name="offload">What is left to do; nothing, unless <see cref="PeerAcceptsOffloads"/>.</param>
    public void Commit(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        _capture?.Write(frame, offload);
        _out.Commit(frame.Length, offload);
    }

    /// <summary>Sends a copy of a frame. What is left to do is done if the other end does not.</summary>
    /// <param name="frame">The frame. A checksum may be completed in it.</param>
    /// <param name="offload">What is left to do.</param>
    /// <returns>False when there is no room for it (or its segments): to be sent again after <see cref="Wake"/>.</returns>
    public bool TrySend(Span<byte> frame, FrameOffload offload = default)
    {
        if (!PeerAcceptsOffloads && offload.NeedsSegmentation)
        {
            return TrySendSegments(frame, offload);
        }

        Span<byte> room = Reserve(frame.Length);
        if (room.IsEmpty)
        {
            return false;
        }

        frame.CopyTo(room);
        if (!PeerAcceptsOffloads && offload.NeedsChecksum)
        {
            if (!FrameSegmenter.CompleteChecksum(room, offload))
            {
                Interlocked.Increment(ref _lost);
                return true;
            }

            offload = default;
        }

        Commit(room, offload);
        return true;
    }

    /// <summary>The next frame that has arrived.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryPeek(out Span<byte> frame, out FrameOffload offload) => _in.TryPeek(out frame, out offload);

    /// <summary>Takes the frame away that <see cref="TryPeek"/> showed.</summary>
    public void Release() => _in.Release();

    /// <summary>Wants <see cref="Wake"/> called for the next frame.</summary>
    /// <returns>False when there is one by now.</returns>
    public bool AskForFrame() => _in.AskForFrame();

    /// <summary>The machine at this end was put into a saved state.</summary>
    public void ReportRestored()
    {
        while (_in.TryPeek(out _, out _))
        {
            _in.Release();
        }

        Peer.PeerRestored?.Invoke();
    }

    private bool TrySendSegments(ReadOnlySpan<byte> frame, in FrameOffload offload)
    {
        if (!FrameSegmenter.TryPlan(frame, offload.SegmentByteCount, out SegmentPlan plan) || (long)plan.Count * (plan.Data + 64) > FrameQueue.MaxFrameByteCount * 3L)
        {
            Interlocked.Increment(ref _lost);
            return true;
        }

        // All or none: half a frame could not be sent again.
        if (Reserve(frame.Length + (plan.Count * (plan.Data + 64))).IsEmpty)
        {
            return false;
        }

        for (int i = 0; i < plan.Count; i++)
        {
            Span<byte> room = _out.Reserve(Math.Min(plan.Data + plan.SegmentByteCount, frame.Length));
            if (room.IsEmpty)
            {
                Interlocked.Increment(ref _lost);
                return true;
            }

            Commit(room[..FrameSegmenter.Write(frame, plan, i, room)], default);
        }

        return true;
    }
}
