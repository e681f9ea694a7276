using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Turns the meaning of a vector instruction into handlers, one for each form of its operands.</summary>
internal static unsafe class VectorHandlers
{
    private const uint AllMasked = 0x1f80;

    /// <summary>A register destination with the source in a register or memory.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectSource<TInsn, TDestination, TRegister, TMemory>(in DecodedInstruction instruction)
        where TInsn : struct, IVectorImmediate
        where TDestination : struct, IVectorDestination
        where TRegister : struct, IVectorSource
        where TMemory : struct, IVectorSource
        => instruction.IsMemory ? &Run<TInsn, TDestination, TMemory> : &Run<TInsn, TDestination, TRegister>;

    /// <summary>A load: what the memory form means differs from the register form (MOVSS).</summary>
    public static delegate*<X86State*, Op*, Op*> SelectLoad<TInsn, TMemoryInsn, TMemory>(in DecodedInstruction instruction)
        where TInsn : struct, IVectorImmediate
        where TMemoryInsn : struct, IVectorImmediate
        where TMemory : struct, IVectorSource
        => instruction.IsMemory ? &Run<TMemoryInsn, ToXmm, TMemory> : &Run<TInsn, ToXmm, FromXmm>;

    /// <summary>A register source with the destination in a register or memory.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectDestination<TInsn, TRegister, TMemory, TSource>(in DecodedInstruction instruction)
        where TInsn : struct, IVectorImmediate
        where TRegister : struct, IVectorDestination
        where TMemory : struct, IVectorDestination
        where TSource : struct, IVectorSource
        => instruction.IsMemory ? &Run<TInsn, TMemory, TSource> : &Run<TInsn, TRegister, TSource>;

    /// <summary>An instruction under MXCSR, with the source in a register or memory.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectFloat<TInsn, TDestination, TRegister, TMemory>(in DecodedInstruction instruction)
        where TInsn : struct, IVectorFloat
        where TDestination : struct, IVectorDestination
        where TRegister : struct, IVectorSource
        where TMemory : struct, IVectorSource
        => instruction.IsMemory ? &RunFloat<TInsn, TDestination, TMemory> : &RunFloat<TInsn, TDestination, TRegister>;

    /// <summary>An instruction under MXCSR, with the destination in a register or memory.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectFloatDestination<TInsn, TRegister, TMemory, TSource>(in DecodedInstruction instruction)
        where TInsn : struct, IVectorFloat
        where TRegister : struct, IVectorDestination
        where TMemory : struct, IVectorDestination
        where TSource : struct, IVectorSource
        => instruction.IsMemory ? &RunFloat<TInsn, TMemory, TSource> : &RunFloat<TInsn, TRegister, TSource>;

    /// <summary>Two meanings by REX.W, with sources or destinations in general registers: the first for 32, the second for 64 bits.</summary>
    public static delegate*<X86State*, Op*, Op*> SelectFloatByRexW<TInsn32, TDestination32, TRegister32, TMemory32, TInsn64, TDestination64, TRegister64, TMemory64>(in DecodedInstruction instruction)
        where TInsn32 : struct, IVectorFloat
        where TDestination32 : struct, IVectorDestination
        where TRegister32 : struct, IVectorSource
        where TMemory32 : struct, IVectorSource
        where TInsn64 : struct, IVectorFloat
        where TDestination64 : struct, IVectorDestination
        where TRegister64 : struct, IVectorSource
        where TMemory64 : struct, IVectorSource
        => (instruction.Rex & 8) != 0
            ? SelectFloat<TInsn64, TDestination64, TRegister64, TMemory64>(instruction)
            : SelectFloat<TInsn32, TDestination32, TRegister32, TMemory32>(instruction);

    /// <summary>Runs one form of an instruction that MXCSR does not concern.</summary>
    public static Op* Run<TInsn, TDestination, TSource>(X86State* state, Op* op)
        where TInsn : struct, IVectorImmediate
        where TDestination : struct, IVectorDestination
        where TSource : struct, IVectorSource
    {
        if (TDestination.IsVex)
        {
            if (VectorUnit.IsAvxSuspect(state) && !VectorUnit.PassesAvx(state))
            {
                return null;
            }
        }
        else if ((TDestination.IsXmm || TSource.IsXmm) && VectorUnit.IsXmmBlocked(state))
        {
            return VectorUnit.RefuseXmm(state);
        }

        if ((TDestination.IsMmx || TSource.IsMmx) && VectorUnit.IsMmxSuspect(state) && !VectorUnit.PassesMmx(state))
        {
            return null;
        }

        if (!TSource.TryLoad(state, op, out Vector128<byte> source))
        {
            return null;
        }

        Vector128<byte> result = TInsn.Compute(TDestination.Load(state, op), source, (byte)op->Immediate);
        return Finish<TDestination, TSource>(state, op, result);
    }

    /// <summary>Runs one form of an instruction under MXCSR.</summary>
    public static Op* RunFloat<TInsn, TDestination, TSource>(X86State* state, Op* op)
        where TInsn : struct, IVectorFloat
        where TDestination : struct, IVectorDestination
        where TSource : struct, IVectorSource
    {
        if (TDestination.IsVex)
        {
            if (VectorUnit.IsAvxSuspect(state) && !VectorUnit.PassesAvx(state))
            {
                return null;
            }
        }
        else if (VectorUnit.IsXmmBlocked(state))
        {
            return VectorUnit.RefuseXmm(state);
        }

        if ((TDestination.IsMmx || TSource.IsMmx) && VectorUnit.IsMmxSuspect(state) && !VectorUnit.PassesMmx(state))
        {
            return null;
        }

        if (!TSource.TryLoad(state, op, out Vector128<byte> source))
        {
            return null;
        }

        uint mxcsr = state->Mxcsr;
        Vector128<byte> destination = TDestination.Load(state, op);
        if (!TInsn.TryFast(destination, source, (byte)op->Immediate, mxcsr, out Vector128<byte> result)
            && !TryExact<TInsn>(state, destination, source, (byte)op->Immediate, out result))
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
    private static Op* Finish<TDestination, TSource>(X86State* state, Op* op, Vector128<byte> result)
        where TDestination : struct, IVectorDestination
        where TSource : struct, IVectorSource
    {
        if (!TDestination.TryStore(state, op, result))
        {
            return null;
        }

        if (TDestination.IsMmx || TSource.IsMmx)
        {
            VectorUnit.EnterMmx(state);
        }

        if (TDestination.IsMemory || TSource.IsMemory)
        {
            return state->Exit == BlockExit.None ? op + 1 : null;
        }

        return op + 1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryExact<TInsn>(X86State* state, Vector128<byte> destination, Vector128<byte> source, byte immediate, out Vector128<byte> result)
        where TInsn : struct, IVectorFloat
    {
        uint mxcsr = state->Mxcsr;
        FpEnvironment env = FpEnvironment.FromMxcsr(mxcsr, accumulate: (mxcsr & AllMasked) == AllMasked);
        result = TInsn.Exact(destination, source, immediate, ref env);
        return VectorUnit.TryCommitExceptions(state, env);
    }
}
