using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A conversion to elements of twice the width: the upper half comes from the high quadword of the source's low half.</summary>
internal readonly struct WidenFloat<TInsn> : IWideFloat
    where TInsn : struct, IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector256<byte> first, Vector256<byte> source, byte immediate, uint mxcsr, out Vector256<byte> result)
    {
        bool isFast = TInsn.TryFast(first.GetLower(), source.GetLower(), immediate, mxcsr, out Vector128<byte> low)
            & TInsn.TryFast(first.GetUpper(), ByteShift.Right(source.GetLower(), 8), immediate, mxcsr, out Vector128<byte> high);
        result = Vector256.Create(low, high);
        return isFast;
    }

    public static Vector256<byte> Exact(Vector256<byte> first, Vector256<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<byte> low = TInsn.Exact(first.GetLower(), source.GetLower(), immediate, ref env);
        Vector128<byte> high = TInsn.Exact(first.GetUpper(), ByteShift.Right(source.GetLower(), 8), immediate, ref env);
        return Vector256.Create(low, high);
    }
}
