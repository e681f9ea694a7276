using System;

namespace Sosia.Isa.X86.Decode;

/// <summary>Properties of a table row beyond encoding and operands.</summary>
[Flags]
public enum RowFlags : ushort
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>LOCK is allowed when operand 0 is memory.</summary>
    Lockable = 1,

    /// <summary>The instruction is the last of its block: it transfers control, or changes what later decoding or event checks depend on.</summary>
    EndsBlock = 2,

    /// <summary>Undefined in 64-bit code.</summary>
    Not64 = 4,

    /// <summary>Undefined outside 64-bit code.</summary>
    Only64 = 8,

    /// <summary>In 64-bit code the operand size is 64 bits unless prefixed by 66 (then 16).</summary>
    Default64 = 16,

    /// <summary>In 64-bit code the operand size is always 64 bits (near branches).</summary>
    Force64 = 32,

    /// <summary>The memory operand is only an address (LEA, NOP): it is not accessed and segments play no part.</summary>
    AddressOnly = 64,

    /// <summary>The immediate counts on the stack or is otherwise unsigned: not sign-extended.</summary>
    UnsignedImmediate = 128,

    /// <summary>Operand 0 is only read.</summary>
    ReadsOnly = 256,

    /// <summary>The memory operand's index is a vector register (VSIB): a SIB byte is demanded, and 16-bit addresses are undefined.</summary>
    VectorIndex = 512,

    /// <summary>Atomic with a memory operand even without LOCK.</summary>
    AlwaysLocked = 1024,
}
