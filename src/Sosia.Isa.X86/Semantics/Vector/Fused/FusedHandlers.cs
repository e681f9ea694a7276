using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>FMA: x × y + z with one rounding (SDM vol. 2, VFMADD132PD and its kin).</summary>
internal static unsafe class FusedHandlers
{
    private const uint AllMasked = 0x1f80;
    private const int XmmByteCount = 16;

    /// <summary>An instruction on whole vectors of a length in bytes.</summary>
    public static InstructionBinding Packed<TOrder, TSign, TFormat, TByteCount, TRegister, TMemory>()
        where TOrder : struct, IFusedOrder
        where TSign : struct, IFusedSign
        where TFormat : struct, IFusedFormat
        where TByteCount : struct, IConstantInteger
        where TRegister : struct, IWideSource
        where TMemory : struct, IWideSource
        => InstructionBinding.Custom(&Select<TOrder, TSign, TFormat, TByteCount, TRegister, TMemory>);

    private static delegate*<X86State*, Op*, Op*> Select<TOrder, TSign, TFormat, TByteCount, TRegister, TMemory>(in DecodedInstruction instruction)
        where TOrder : struct, IFusedOrder
        where TSign : struct, IFusedSign
        where TFormat : struct, IFusedFormat
        where TByteCount : struct, IConstantInteger
        where TRegister : struct, IWideSource
        where TMemory : struct, IWideSource
        => instruction.IsMemory ? &Run<TOrder, TSign, TFormat, TByteCount, TMemory> : &Run<TOrder, TSign, TFormat, TByteCount, TRegister>;

    private static Op* Run<TOrder, TSign, TFormat, TByteCount, TSource>(X86State* state, Op* op)
        where TOrder : struct, IFusedOrder
        where TSign : struct, IFusedSign
        where TFormat : struct, IFusedFormat
        where TByteCount : struct, IConstantInteger
        where TSource : struct, IWideSource
    {
        if ((VectorUnit.IsAvxSuspect(state) && !VectorUnit.PassesAvx(state)) || !TSource.TryLoad(state, op, out Vector256<byte> source))
        {
            return null;
        }

        // SAFETY: register offsets come from StateOffset and name 32 bytes each; only whole elements of the length are touched.
        byte* destination = (byte*)state + op->Destination;
        TOrder.Arrange(destination, (byte*)state + op->Third, (byte*)&source, out byte* x, out byte* y, out byte* z);
        uint mxcsr = state->Mxcsr;
        FpEnvironment env = FpEnvironment.FromMxcsr(mxcsr, accumulate: (mxcsr & AllMasked) == AllMasked);
        // A scalar instruction leaves the rest of the destination's low half alone; all others of 128 bits fill it.
        Vector256<byte> result = *(Vector256<byte>*)destination;
        for (int at = 0, element = 0; at < TByteCount.Value; at += TFormat.ByteCount, element++)
        {
            TFormat.Compute(x + at, y + at, z + at, TSign.NegatesProduct, TSign.NegatesAddend(element), (byte*)&result + at, ref env);
        }

        if (!VectorUnit.TryCommitExceptions(state, env))
        {
            return null;
        }

        *(Vector256<byte>*)destination = TByteCount.Value <= XmmByteCount ? Vector256.Create(result.GetLower(), Vector128<byte>.Zero) : result;
        return TSource.IsMemory && state->Exit != BlockExit.None ? null : op + 1;
    }
}
