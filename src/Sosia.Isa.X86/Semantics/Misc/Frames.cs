using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>ENTER, PUSHA and POPA (SDM vol. 2). A fault leaves every register as it was.</summary>
internal static unsafe class Frames
{
    private const int Rsp = 4;
    private const int Rbp = 5;

    /// <summary>ENTER: the frame's size is in the immediate, its nesting level (modulo 32) above that.</summary>
    public static void Enter(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        int bits = Bits(op);
        uint size = (ushort)op->Immediate;
        int level = (int)(op->Immediate >> 32) & 31;
        ulong oldStack = state->Gpr[Rsp];
        ulong framePointer = state->Gpr[Rbp];
        if (!Stack.Push(state, bits, framePointer))
        {
            return;
        }

        ulong frame = state->Gpr[Rsp];
        for (int i = 1; i < level; i++)
        {
            // The display of the enclosing frame, read below the old frame pointer at the stack's width.
            framePointer -= (ulong)(bits / 8);
            if (!Stack.Linear(state, framePointer, bits / 8, isWrite: false, out ulong linear)
                || !OperandAccess.ReadLinear(state, linear, bits / 8, out ulong value)
                || !Stack.Push(state, bits, value))
            {
                state->Gpr[Rsp] = oldStack;
                return;
            }
        }

        if (level > 0 && !Stack.Push(state, bits, frame))
        {
            state->Gpr[Rsp] = oldStack;
            return;
        }

        // The processor tries the new top of stack with a write (SDM: #PF or #SS on ENTER's last step).
        Stack.Store(state, state->Gpr[Rsp] - size);
        if (!Stack.Linear(state, state->Gpr[Rsp], bits / 8, isWrite: true, out ulong top)
            || !Mmu.MemoryAccess.ReadForUpdateSlow(state, top, bits / 8, out _))
        {
            state->Gpr[Rsp] = oldStack;
            return;
        }

        WriteFramePointer(state, bits, frame);
    }

    /// <summary>PUSHA and PUSHAD.</summary>
    public static void PushAll(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        ulong oldStack = state->Gpr[Rsp];
        for (int register = 0; register < 8; register++)
        {
            if (!Stack.Push(state, Bits(op), register == Rsp ? oldStack : state->Gpr[register]))
            {
                state->Gpr[Rsp] = oldStack;
                return;
            }
        }
    }

    /// <summary>POPA and POPAD; the stored stack pointer is skipped.</summary>
    public static void PopAll(X86Cpu cpu, Op* op)
    {
        X86State* state = cpu.State;
        int byteCount = Bits(op) / 8;
        ulong* values = stackalloc ulong[8];
        for (int i = 0; i < 8; i++)
        {
            if (!Stack.Peek(state, Bits(op), (ulong)(i * byteCount), out values[7 - i]))
            {
                return;
            }
        }

        for (int register = 0; register < 8; register++)
        {
            if (register == Rsp)
            {
                continue;
            }

            // SAFETY: the register's eight bytes lie within the state.
            if (byteCount == 2)
            {
                *(ushort*)&state->Gpr[register] = (ushort)values[register];
            }
            else
            {
                state->Gpr[register] = values[register];
            }
        }

        Stack.Release(state, (ulong)(8 * byteCount));
    }

    private static void WriteFramePointer(X86State* state, int bits, ulong frame)
    {
        // SAFETY: the register's eight bytes lie within the state.
        if (bits == 16)
        {
            *(ushort*)&state->Gpr[Rbp] = (ushort)frame;
        }
        else
        {
            state->Gpr[Rbp] = bits == 32 ? (uint)frame : frame;
        }
    }

    private static int Bits(Op* op) => 8 << ((int)(op->Flags & OpFlags.SizeMask) >> 3);
}
