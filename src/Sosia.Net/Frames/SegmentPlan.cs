namespace Sosia.Net.Frames;

/// <summary>How a frame with much TCP data is cut into segments.</summary>
/// <param name="Network">Where the IP header begins.</param>
/// <param name="Transport">Where the TCP header begins.</param>
/// <param name="Data">Where the data begins.</param>
/// <param name="SegmentByteCount">How much data a segment takes.</param>
/// <param name="Count">How many segments there are.</param>
/// <param name="IsV6">True for IPv6.</param>
public readonly record struct SegmentPlan(int Network, int Transport, int Data, int SegmentByteCount, int Count, bool IsV6);
