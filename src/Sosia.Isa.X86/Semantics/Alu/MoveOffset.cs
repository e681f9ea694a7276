using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Translation;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>MOV between the accumulator and memory at an offset held whole in the instruction (64 bits wide in 64-bit code).</summary>
internal static unsafe class MoveOffset
{
    /// <summary>The binding of all four rows.</summary>
    public static InstructionBinding Binding => InstructionBinding.Custom(&Select, &Emit);

    private static delegate*<X86State*, Op*, Op*> Select(in DecodedInstruction instruction)
        => instruction.AddressBits != 64 ? Handlers.SelectBinary<Mov>(instruction)
            : instruction.Destination == OperandPlace.Memory ? &Store : &Load;

    // Offsets of 64 bits are rare: their handlers do.
    private static void Emit(ref Emitting s)
    {
        if (s.Instruction.AddressBits == 64)
        {
            s.Fail();
        }
        else
        {
            Emitting.Execute<Mov>(ref s);
        }
    }

    private static Op* Load(X86State* state, Op* op)
    {
        int byteCount = ByteCount(op);
        if (!Mmu.MemoryAccess.ReadSlow(state, Linear(state, op), byteCount, out ulong value))
        {
            return null;
        }

        byte* accumulator = (byte*)&state->Gpr[0];
        // SAFETY: the accumulator's eight bytes lie within the state.
        switch (byteCount)
        {
            case 1: *accumulator = (byte)value; break;
            case 2: *(ushort*)accumulator = (ushort)value; break;
            default: *(ulong*)accumulator = value; break;
        }

        return state->Exit == BlockExit.None ? op + 1 : null;
    }

    private static Op* Store(X86State* state, Op* op)
    {
        bool ok = Mmu.MemoryAccess.WriteSlow(state, Linear(state, op), ByteCount(op), state->Gpr[0]);
        return ok && state->Exit == BlockExit.None ? op + 1 : null;
    }

    private static ulong Linear(X86State* state, Op* op) => op->Immediate + *(ulong*)((byte*)state + op->Segment);

    private static int ByteCount(Op* op) => 1 << ((int)(op->Flags & OpFlags.SizeMask) >> 3);
}
