namespace Sosia.Net.Frames;

/// <summary>
/// What the sender of a frame has left to whoever puts it on a wire: to complete a checksum, to cut TCP data into segments. A default value: nothing, the frame is
/// as it is on a wire.
/// </summary>
/// <param name="ChecksumStart">The first byte that the checksum covers.</param>
/// <param name="ChecksumOffset">Where the checksum is, from <paramref name="ChecksumStart"/> on; it holds the sum of the pseudo header. 0: no checksum is left to do (no protocol has its there).</param>
/// <param name="SegmentByteCount">How much TCP data a segment takes; 0: one segment.</param>
public readonly record struct FrameOffload(ushort ChecksumStart, ushort ChecksumOffset, ushort SegmentByteCount)
{
    /// <summary>True when a checksum is to be completed.</summary>
    public bool NeedsChecksum => ChecksumOffset != 0;

    /// <summary>True when the frame has the data of several TCP segments.</summary>
    public bool NeedsSegmentation => SegmentByteCount != 0;
}
