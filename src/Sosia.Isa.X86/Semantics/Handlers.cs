using System.Runtime.CompilerServices;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics;

/// <summary>
/// Turns a meaning into handlers, one for each width and operand form. The selectors are ordinary static code, so that the ahead-of-time
/// compiler sees every instantiation; a form that an instruction does not have is never asked for.
/// </summary>
internal static unsafe class Handlers
{
    /// <summary>A two-operand instruction: register/memory with register/memory/immediate, all widths.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectBinary<TInsn>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        => instruction.OperandBits switch
        {
            8 => Binary<TInsn, Width8>(instruction),
            16 => Binary<TInsn, Width16>(instruction),
            32 => Binary<TInsn, Width32>(instruction),
            _ => Binary<TInsn, Width64>(instruction),
        };

    /// <summary>A one-operand instruction on a register or memory (further operands implicit or immediate), all widths.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectUnary<TInsn>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        => instruction.OperandBits switch
        {
            8 => Unary<TInsn, Width8>(instruction),
            16 => Unary<TInsn, Width16>(instruction),
            32 => Unary<TInsn, Width32>(instruction),
            _ => Unary<TInsn, Width64>(instruction),
        };

    /// <summary>As <see cref="SelectBinary{TInsn}"/>, with handlers for the forms that must be atomic.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectLockableBinary<TInsn>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        => !instruction.IsLocked ? SelectBinary<TInsn>(instruction)
            : instruction.Source == OperandPlace.Register ? Locked<TInsn, InRegister>(instruction)
            : Locked<TInsn, InImmediate>(instruction);

    /// <summary>As <see cref="SelectUnary{TInsn}"/>, with handlers for the forms that must be atomic.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectLockableUnary<TInsn>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        => instruction.IsLocked ? Locked<TInsn, InRegister>(instruction) : SelectUnary<TInsn>(instruction);

    /// <summary>A register destination with a register or memory source, all widths but 8.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectLoad<TInsn>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        => instruction.OperandBits switch
        {
            16 => Load<TInsn, Width16>(instruction),
            32 => Load<TInsn, Width32>(instruction),
            _ => Load<TInsn, Width64>(instruction),
        };

    /// <summary>Runs one form of one instruction.</summary>
    public static Op* Run<TInsn, TWidth, TDestination, TSource>(X86State* state, Op* op)
        where TInsn : struct, IInstruction
        where TWidth : struct, IWidth
        where TDestination : struct, IPlace
        where TSource : struct, IPlace
    {
        var s = new Interpreting<TWidth, TDestination, TSource>(state, op);
        TInsn.Execute<Interpreting<TWidth, TDestination, TSource>, ulong>(ref s);
        return s.Stop ? null : op + 1;
    }

    private static delegate*<X86State*, Op*, Op*> Binary<TInsn, TWidth>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        where TWidth : struct, IWidth
        => (instruction.Destination, instruction.Source) switch
        {
            (OperandPlace.Register, OperandPlace.Register) => &Run<TInsn, TWidth, InRegister, InRegister>,
            (OperandPlace.Register, OperandPlace.Memory) => &Run<TInsn, TWidth, InRegister, InMemory>,
            (OperandPlace.Register, OperandPlace.Immediate) => &Run<TInsn, TWidth, InRegister, InImmediate>,
            (OperandPlace.Memory, OperandPlace.Register) => &Run<TInsn, TWidth, InMemory, InRegister>,
            _ => &Run<TInsn, TWidth, InMemory, InImmediate>,
        };

    private static delegate*<X86State*, Op*, Op*> Unary<TInsn, TWidth>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        where TWidth : struct, IWidth
        => instruction.Destination == OperandPlace.Memory
            ? &Run<TInsn, TWidth, InMemory, InRegister>
            : &Run<TInsn, TWidth, InRegister, InRegister>;

    private static delegate*<X86State*, Op*, Op*> Locked<TInsn, TSource>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        where TSource : struct, IPlace
        => instruction.OperandBits switch
        {
            8 => &RunLocked<TInsn, Width8, TSource>,
            16 => &RunLocked<TInsn, Width16, TSource>,
            32 => &RunLocked<TInsn, Width32, TSource>,
            _ => &RunLocked<TInsn, Width64, TSource>,
        };

    // The meaning is executed anew when another processor has changed the operand between its read and its write: it has committed nothing then.
    private static Op* RunLocked<TInsn, TWidth, TSource>(X86State* state, Op* op)
        where TInsn : struct, IInstruction
        where TWidth : struct, IWidth
        where TSource : struct, IPlace
    {
        while (true)
        {
            var s = new Interpreting<TWidth, InLockedMemory, TSource>(state, op);
            try
            {
                TInsn.Execute<Interpreting<TWidth, InLockedMemory, TSource>, ulong>(ref s);
            }
            finally
            {
                // Also when a device has failed: nobody else could go on, or end the machine.
                if (s.IsExclusive)
                {
                    X86Cpu.FromState(state).Memory.Threads.LeaveExclusive();
                }
            }

            if (!s.MustRetry)
            {
                return s.Stop ? null : op + 1;
            }
        }
    }

    private static delegate*<X86State*, Op*, Op*> Load<TInsn, TWidth>(in DecodedInstruction instruction)
        where TInsn : struct, IInstruction
        where TWidth : struct, IWidth
        => instruction.Source == OperandPlace.Memory
            ? &Run<TInsn, TWidth, InRegister, InMemory>
            : &Run<TInsn, TWidth, InRegister, InRegister>;

    /// <summary>Bytes that are no defined instruction.</summary>
    public static Op* RaiseInvalidOpcode(X86State* state, Op* op)
    {
        state->Exit = BlockExit.Fault;
        state->FaultVector = ExceptionVector.InvalidOpcode;
        state->FaultHasErrorCode = 0;
        state->FaultErrorCode = 0;
        return null;
    }

    /// <summary>A helper in the middle of a block.</summary>
    public static Op* RunHelper(X86State* state, Op* op)
    {
        X86Cpu cpu = X86Cpu.FromState(state);
        InstructionTable.Rows[op->Row].Helper(cpu, op);
        return state->Exit == BlockExit.None ? op + 1 : null;
    }

    /// <summary>A helper that ends its block: RIP stands behind the instruction before it runs, and may be changed by it.</summary>
    public static Op* RunLastHelper(X86State* state, Op* op)
    {
        X86Cpu cpu = X86Cpu.FromState(state);
        state->Rip = NextRip(state, op);
        InstructionTable.Rows[op->Row].Helper(cpu, op);
        return null;
    }

    /// <summary>The instruction pointer behind an operation, wrapped to the code width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong NextRip(X86State* state, Op* op)
    {
        ulong next = state->BlockRip + op->RipOffset + op->Length;
        return state->CodeBits == 64 ? next : state->CodeBits == 32 ? (uint)next : (ushort)next;
    }
}
