using System;

namespace Sosia.Isa.X86.State;

/// <summary>
/// How code is decoded and what translations of it may take for granted: blocks are kept apart by this. The flags below the widths are set for 32-bit
/// code only, and only where a translation could use them.
/// </summary>
[Flags]
public enum CodeMode : byte
{
    /// <summary>The stack pointer is ESP.</summary>
    Stack32 = 1,

    /// <summary>CS has base 0 and a limit of 4 GiB: the instruction pointer is the linear address, and no branch leaves the segment.</summary>
    FlatCode = 2,

    /// <summary>ES, SS and DS are writable, expand upwards, have base 0 and a limit of 4 GiB: offsets in them are linear addresses.</summary>
    FlatData = 4,

    /// <summary>16-bit code.</summary>
    Bits16 = 16,

    /// <summary>32-bit code.</summary>
    Bits32 = 32,

    /// <summary>64-bit code.</summary>
    Bits64 = 64,

    /// <summary>The bits that hold the width, which is their value.</summary>
    WidthMask = Bits16 | Bits32 | Bits64,
}
