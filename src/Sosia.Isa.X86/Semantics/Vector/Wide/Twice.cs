using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The low half's result in both halves.</summary>
internal readonly struct Twice<TInsn> : IWide
    where TInsn : struct, IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
    {
        Vector128<byte> low = TInsn.Compute(first.GetLower(), source.GetLower(), immediate);
        return Vector256.Create(low, low);
    }
}
