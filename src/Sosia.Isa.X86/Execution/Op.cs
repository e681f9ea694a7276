using System.Runtime.InteropServices;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Execution;

/// <summary>
/// One pre-decoded instruction of a block. Registers are named by their byte offset in <see cref="X86State"/>, so that a handler
/// needs no table to reach them. 40 bytes.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Op
{
    /// <summary>
    /// Executes the operation. Returns the next one; null when the block ends, because its last operation set
    /// <see cref="X86State.Rip"/> or for the reason in <see cref="X86State.Exit"/>.
    /// </summary>
    public delegate*<X86State*, Op*, Op*> Handler;

    /// <summary>The immediate, sign- or zero-extended as the operand form says; a branch's target as an offset from the block's RIP; a far pointer as offset | selector &lt;&lt; 32.</summary>
    public ulong Immediate;

    /// <summary>The memory operand's displacement; for RIP-relative operands relative to the block's RIP.</summary>
    public int Displacement;

    /// <summary>Which row of the instruction table this is.</summary>
    public ushort Row;

    /// <summary>Where the instruction begins, as an offset from the block's RIP.</summary>
    public ushort RipOffset;

    /// <summary>The destination register's offset in the state (operand 0 when it is a register).</summary>
    public ushort Destination;

    /// <summary>The source register's offset in the state (operand 1 when it is a register).</summary>
    public ushort Source;

    /// <summary>The base register's offset in the state; <see cref="X86State.Zero"/> when absent, <see cref="X86State.BlockRip"/> when RIP-relative.</summary>
    public ushort Base;

    /// <summary>The index register's offset in the state; <see cref="X86State.Zero"/> when absent.</summary>
    public ushort Index;

    /// <summary>The memory operand's segment register's offset in the state.</summary>
    public ushort Segment;

    /// <summary>A third register's offset in the state (VEX.vvvv), where the instruction has one.</summary>
    public ushort Third;

    /// <summary>log2 of the index scale.</summary>
    public byte Scale;

    /// <summary>Instruction length in bytes, 1 to 15; 0 for synthetic operations.</summary>
    public byte Length;

    /// <summary>Position in the block, from 0.</summary>
    public byte IndexInBlock;

    /// <summary>See <see cref="OpFlags"/>.</summary>
    public OpFlags Flags;
}
