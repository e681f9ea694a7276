using Sosia.Images;

namespace Sosia.Devices.Block;

/// <summary>A failure of the host that a guest saw as a disk error; nothing that the guest did is its cause.</summary>
/// <param name="Device">The disk device's name.</param>
/// <param name="Operation">What the guest asked for.</param>
/// <param name="ByteOffset">Where on the disk.</param>
/// <param name="ByteCount">How much.</param>
/// <param name="Result">What went wrong.</param>
public readonly record struct BlockFault(string Device, BlockOperation Operation, ulong ByteOffset, ulong ByteCount, BlockResult Result);
