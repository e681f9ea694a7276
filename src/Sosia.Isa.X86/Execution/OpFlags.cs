using System;

namespace Sosia.Isa.X86.Execution;

/// <summary>What a handler must know of the instruction beyond its operands.</summary>
[Flags]
public enum OpFlags : byte
{
    /// <summary>Nothing special: 64-bit code with 64-bit addresses.</summary>
    None = 0,

    /// <summary>
    /// The memory operand needs the long way: any address outside 64-bit code (segment limits), or a 32-bit address size in it.
    /// </summary>
    SlowAddress = 1,

    /// <summary>The effective address wraps at 16 bits.</summary>
    Address16 = 2,

    /// <summary>The effective address wraps at 32 bits.</summary>
    Address32 = 4,

    /// <summary>Bits 3–4: log2 of the operand size in bytes (8, 16, 32, 64 bits).</summary>
    SizeMask = 0x18,

    /// <summary>REP or REPE prefix (F3).</summary>
    Rep = 0x20,

    /// <summary>REPNE prefix (F2).</summary>
    Repne = 0x40,

    /// <summary>The operand in ModRM.rm is memory.</summary>
    Memory = 0x80,
}
