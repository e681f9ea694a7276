using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The same thing in both halves.</summary>
internal readonly struct EachFloatLane<TInsn> : IWideFloat
    where TInsn : struct, IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector256<byte> first, Vector256<byte> source, byte immediate, uint mxcsr, out Vector256<byte> result)
    {
        bool isFast = TInsn.TryFast(first.GetLower(), source.GetLower(), immediate, mxcsr, out Vector128<byte> low)
            & TInsn.TryFast(first.GetUpper(), source.GetUpper(), immediate, mxcsr, out Vector128<byte> high);
        result = Vector256.Create(low, high);
        return isFast;
    }

    public static Vector256<byte> Exact(Vector256<byte> first, Vector256<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<byte> low = TInsn.Exact(first.GetLower(), source.GetLower(), immediate, ref env);
        Vector128<byte> high = TInsn.Exact(first.GetUpper(), source.GetUpper(), immediate, ref env);
        return Vector256.Create(low, high);
    }
}
