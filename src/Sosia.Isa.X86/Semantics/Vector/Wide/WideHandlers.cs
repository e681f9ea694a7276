using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Turns the meaning of an instruction on YMM registers into handlers, one for each form of its operands.</summary>
internal static unsafe class WideHandlers
{
    private const uint AllMasked = 0x1f80;

    /// <summary>A register destination with the source in a register or memory.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectSource<TInsn, TDestination, TRegister, TMemory>(in DecodedInstruction instruction)
        where TInsn : struct, IWide
        where TDestination : struct, IWideDestination
        where TRegister : struct, IWideSource
        where TMemory : struct, IWideSource
        => instruction.IsMemory ? &Run<TInsn, TDestination, TMemory> : &Run<TInsn, TDestination, TRegister>;

    /// <summary>A register source with the destination in a register or memory.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectDestination<TInsn, TRegister, TMemory, TSource>(in DecodedInstruction instruction)
        where TInsn : struct, IWide
        where TRegister : struct, IWideDestination
        where TMemory : struct, IWideDestination
        where TSource : struct, IWideSource
        => instruction.IsMemory ? &Run<TInsn, TMemory, TSource> : &Run<TInsn, TRegister, TSource>;

    /// <summary>An instruction under MXCSR, with the source in a register or memory.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectFloat<TInsn, TDestination, TRegister, TMemory>(in DecodedInstruction instruction)
        where TInsn : struct, IWideFloat
        where TDestination : struct, IWideDestination
        where TRegister : struct, IWideSource
        where TMemory : struct, IWideSource
        => instruction.IsMemory ? &RunFloat<TInsn, TDestination, TMemory> : &RunFloat<TInsn, TDestination, TRegister>;

    /// <summary>An instruction under MXCSR, with the destination in a register or memory.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectFloatDestination<TInsn, TRegister, TMemory, TSource>(in DecodedInstruction instruction)
        where TInsn : struct, IWideFloat
        where TRegister : struct, IWideDestination
        where TMemory : struct, IWideDestination
        where TSource : struct, IWideSource
        => instruction.IsMemory ? &RunFloat<TInsn, TMemory, TSource> : &RunFloat<TInsn, TRegister, TSource>;

    /// <summary>Runs one form of an instruction that MXCSR does not concern.</summary>
    public static Op* Run<TInsn, TDestination, TSource>(X86State* state, Op* op)
        where TInsn : struct, IWide
        where TDestination : struct, IWideDestination
        where TSource : struct, IWideSource
    {
        if ((VectorUnit.IsAvxSuspect(state) && !VectorUnit.PassesAvx(state)) || !TSource.TryLoad(state, op, out Vector256<byte> source))
        {
            return null;
        }

        Vector256<byte> result = TInsn.Compute(TDestination.LoadFirst(state, op), source, (byte)op->Immediate);
        return Finish<TDestination, TSource>(state, op, result);
    }

    /// <summary>Runs one form of an instruction under MXCSR.</summary>
    public static Op* RunFloat<TInsn, TDestination, TSource>(X86State* state, Op* op)
        where TInsn : struct, IWideFloat
        where TDestination : struct, IWideDestination
        where TSource : struct, IWideSource
    {
        if ((VectorUnit.IsAvxSuspect(state) && !VectorUnit.PassesAvx(state)) || !TSource.TryLoad(state, op, out Vector256<byte> source))
        {
            return null;
        }

        uint mxcsr = state->Mxcsr;
        Vector256<byte> first = TDestination.LoadFirst(state, op);
        if (!TInsn.TryFast(first, source, (byte)op->Immediate, mxcsr, out Vector256<byte> result)
            && !TryExact<TInsn>(state, first, source, (byte)op->Immediate, out result))
        {
            return null;
        }

        Op* next = Finish<TDestination, TSource>(state, op, result);
        if (TDestination.IsMemory && state->Exit == BlockExit.Fault)
        {
            // What was not stored has raised nothing.
            state->Mxcsr = mxcsr;
        }

        return next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Op* Finish<TDestination, TSource>(X86State* state, Op* op, Vector256<byte> result)
        where TDestination : struct, IWideDestination
        where TSource : struct, IWideSource
    {
        if (!TDestination.TryStore(state, op, result))
        {
            return null;
        }

        return (TDestination.IsMemory || TSource.IsMemory) && state->Exit != BlockExit.None ? null : op + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryExact<TInsn>(X86State* state, Vector256<byte> first, Vector256<byte> source, byte immediate, out Vector256<byte> result)
        where TInsn : struct, IWideFloat
    {
        uint mxcsr = state->Mxcsr;
        FpEnvironment env = FpEnvironment.FromMxcsr(mxcsr, accumulate: (mxcsr & AllMasked) == AllMasked);
        result = TInsn.Exact(first, source, immediate, ref env);
        return VectorUnit.TryCommitExceptions(state, env);
    }
}
