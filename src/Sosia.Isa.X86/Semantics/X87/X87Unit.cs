using System.Runtime.CompilerServices;
using Sosia.Core.Execution;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

// SAFETY (whole file): register offsets come from StateOffset and lie within the state; stack positions are taken modulo 8.

/// <summary>
/// What x87 instructions have in common: the checks before them, the register stack, status flags and the pointers to the last instruction
/// and operand (SDM vol. 1, chapter 8).
/// </summary>
internal static unsafe class X87Unit
{
    /// <summary>Condition code C0.</summary>
    public const int C0 = 0x0100;

    /// <summary>Condition code C1: rounded up, or the direction of a stack fault.</summary>
    public const int C1 = 0x0200;

    /// <summary>Condition code C2.</summary>
    public const int C2 = 0x0400;

    /// <summary>Condition code C3.</summary>
    public const int C3 = 0x4000;

    /// <summary>All condition codes.</summary>
    public const int Conditions = C0 | C1 | C2 | C3;

    private const int StackFault = 0x40;
    private const int Summary = 0x8080;
    private const int TopMask = 0x3800;
    private const int ExceptionMask = 0x3f;

    /// <summary>The checks of a waiting instruction: #NM, then #MF for an exception that is pending.</summary>
    /// <returns>False when it recorded a fault.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Begin(X86Cpu cpu)
    {
        X86State* st = cpu.State;
        return (((uint)st->Cr0 & (uint)(ControlBits.Cr0Em | ControlBits.Cr0Ts)) | (uint)(st->Fsw & 0x80)) == 0 || BeginSlow(cpu);
    }

    /// <summary>The check of a control instruction that does not wait (FNINIT and its like): #NM alone.</summary>
    /// <returns>False when it recorded a fault.</returns>
    public static bool BeginNoWait(X86Cpu cpu)
    {
        if ((cpu.State->Cr0 & (ControlBits.Cr0Em | ControlBits.Cr0Ts)) == 0)
        {
            return true;
        }

        cpu.Fault(ExceptionVector.DeviceNotAvailable);
        return false;
    }

    /// <summary>
    /// Records #MF when an unmasked exception is pending. With CR0.NE clear the processor asserts FERR# instead and runs on, as it does while external
    /// logic asserts IGNNE#: the interrupt that FERR# leads to comes after this instruction, not before it.
    /// </summary>
    /// <returns>False when it recorded a fault.</returns>
    public static bool CheckPending(X86Cpu cpu)
    {
        X86State* st = cpu.State;
        if ((st->Fsw & 0x80) == 0)
        {
            return true;
        }

        if ((st->Cr0 & ControlBits.Cr0Ne) == 0)
        {
            using MachineLock.Holder held = cpu.Memory.Threads.Devices.Enter();
            cpu.FloatingPointErrorLine?.Set(true);
            return true;
        }

        cpu.Fault(ExceptionVector.FloatingPoint);
        return false;
    }

    /// <summary>Notes the instruction in FIP, FCS and FOP and, with a memory operand, the operand in FDP and FDS: what control instructions do not do.</summary>
    public static void Record(X86State* st, Op* op)
    {
        ulong rip = st->BlockRip + op->RipOffset;
        st->Fip = st->CodeBits == 64 ? rip : st->CodeBits == 32 ? (uint)rip : (ushort)rip;
        st->Fcs = st->Cs.Selector;
        // Lowering leaves the opcode's eleven bits in the immediate.
        st->Fop = (ushort)op->Immediate;
        if ((op->Flags & OpFlags.Memory) == 0)
        {
            return;
        }

        st->Fdp = MemoryAccess.EffectiveAddress(st, op);
        st->Fds = op->Segment == StateOffset.Zero ? st->Ds.Selector
            : op->Segment == StateOffset.StackZero ? st->Ss.Selector
            : ((SegmentRegister*)((byte*)st + op->Segment))->Selector;
    }

    /// <summary>Rounding, precision and masks of the control word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FpEnvironment Environment(X86State* st) => FpEnvironment.FromX87ControlWord(st->Fcw);

    /// <summary>The number of the physical register ST(i).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Physical(X86State* st, int index) => ((st->Fsw >> 11) + index) & 7;

    /// <summary>True when ST(i) is empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsEmpty(X86State* st, int index) => ((st->Ftw >> Physical(st, index)) & 1) == 0;

    /// <summary>Reads ST(i), empty or not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Get(X86State* st, int index)
    {
        ulong* slot = st->X87 + (2 * Physical(st, index));
        return new Float80((ushort)slot[1], slot[0]);
    }

    /// <summary>Writes ST(i), which is then not empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(X86State* st, int index, Float80 value)
    {
        int physical = Physical(st, index);
        ulong* slot = st->X87 + (2 * physical);
        slot[0] = value.Significand;
        slot[1] = value.SignExponent;
        st->Ftw |= (byte)(1 << physical);
    }

    /// <summary>Makes ST(i) empty.</summary>
    public static void Free(X86State* st, int index) => st->Ftw &= (byte)~(1 << Physical(st, index));

    /// <summary>Moves TOP by a number of registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void MoveTop(X86State* st, int by) => st->Fsw = (ushort)((st->Fsw & ~TopMask) | ((st->Fsw + (by << 11)) & TopMask));

    /// <summary>Pushes a value; the caller has found ST(7) empty.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Push(X86State* st, Float80 value)
    {
        MoveTop(st, -1);
        Set(st, 0, value);
    }

    /// <summary>Makes ST(0) empty and moves TOP behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Pop(X86State* st)
    {
        Free(st, 0);
        MoveTop(st, 1);
    }

    /// <summary>
    /// Enters what an operation raised into the status word; C1 tells whether it rounded up. An unmasked exception becomes pending, for the next
    /// waiting instruction.
    /// </summary>
    /// <returns>True when there is a result; false when an unmasked exception came before the computation.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Commit(X86State* st, in FpEnvironment env)
    {
        bool hasResult = !env.HasUnmaskedPreComputation;
        int status = (st->Fsw & ~C1) | (int)env.Flags;
        status |= env.HasUnmasked ? Summary : 0;
        status |= env.RoundedUp && hasResult ? C1 : 0;
        st->Fsw = (ushort)status;
        return hasResult;
    }

    /// <summary>Raises the invalid-operation exception of the register stack.</summary>
    /// <param name="st">The state.</param>
    /// <param name="isOverflow">True for a push onto a register that is not empty, false for the use of an empty one.</param>
    /// <returns>True when it is masked: the response is then the real indefinite as the result.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool RaiseStackFault(X86State* st, bool isOverflow)
    {
        bool masked = (st->Fcw & (int)FpExceptions.Invalid) != 0;
        int status = (st->Fsw & ~C1) | StackFault | (int)FpExceptions.Invalid;
        status |= isOverflow ? C1 : 0;
        status |= masked ? 0 : Summary;
        st->Fsw = (ushort)status;
        return masked;
    }

    /// <summary>Checks that a register can be pushed; on overflow gives the whole response.</summary>
    /// <returns>False when the instruction is done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool CanPush(X86State* st)
    {
        if (IsEmpty(st, 7))
        {
            return true;
        }

        if (RaiseStackFault(st, isOverflow: true))
        {
            Push(st, Float80.DefaultNan);
        }

        return false;
    }

    /// <summary>Replaces condition codes.</summary>
    /// <param name="st">The state.</param>
    /// <param name="which">The codes to replace.</param>
    /// <param name="value">Their new values, in place.</param>
    public static void SetConditions(X86State* st, int which, int value) => st->Fsw = (ushort)((st->Fsw & ~which) | value);

    /// <summary>Replaces the control word: bit 6 is fixed at 1, bits 7 and 13 to 15 at 0; pending exceptions follow the new masks.</summary>
    public static void SetControl(X86State* st, int value)
    {
        st->Fcw = (ushort)((value & 0x1f3f) | 0x40);
        UpdateSummary(st);
    }

    /// <summary>Makes ES and B follow from flags and masks.</summary>
    public static void UpdateSummary(X86State* st)
    {
        bool pending = (st->Fsw & ~st->Fcw & ExceptionMask) != 0;
        st->Fsw = (ushort)((st->Fsw & ~Summary) | (pending ? Summary : 0));
    }

    private static bool BeginSlow(X86Cpu cpu) => BeginNoWait(cpu) && CheckPending(cpu);
}
