using System.Runtime.InteropServices;

namespace Sosia.Isa.X86.Execution;

/// <summary>One entry of the engine's direct-mapped table from linear addresses to blocks.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct JumpCacheEntry
{
    /// <summary>How many entries a table has; a power of two.</summary>
    public const int Count = 8192;

    /// <summary>The linear address of the block's first instruction.</summary>
    public ulong Linear;

    /// <summary>The generation in which it was entered, with the code's mode in the low bits (see the engine).</summary>
    public ulong Generation;

    /// <summary>The block's first operation; null when empty.</summary>
    public Op* Ops;

    /// <summary>The block's host code; null when it has none.</summary>
    public void* Code;
}
