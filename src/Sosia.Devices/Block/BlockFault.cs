using Sosia.Images;

namespace Sosia.Devices.Block;

/// <summary>A failure of the host; nothing that the guest did is its cause.</summary>
/// <param name="Device">The disk device's name.</param>
/// <param name="Operation">What the guest asked for.</param>
/// <param name="ByteOffset">Where on the disk.</param>
/// <param name="ByteCount">How much.</param>
/// <param name="Result">What went wrong.</param>
/// <param name="StopsMachine">True when the machine stops and the operation is repeated later; false when the guest sees a disk error.</param>
/// <param name="Text">More about it, as a sentence for a person; null when the result says it all.</param>
public readonly record struct BlockFault(string Device, BlockOperation Operation, ulong ByteOffset, ulong ByteCount, BlockResult Result, bool StopsMachine = false, string? Text = null);
