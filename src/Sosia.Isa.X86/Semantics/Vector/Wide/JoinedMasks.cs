using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A mask of a number of bits from each half, side by side.</summary>
internal readonly struct JoinedMasks<TInsn, TCount> : IWide
    where TInsn : struct, IVectorImmediate
    where TCount : struct, IConstantInteger
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
    {
        uint low = TInsn.Compute(first.GetLower(), source.GetLower(), immediate).AsUInt32().ToScalar();
        uint high = TInsn.Compute(first.GetUpper(), source.GetUpper(), immediate).AsUInt32().ToScalar();
        return Vector256.CreateScalar(low | (high << TCount.Value)).AsByte();
    }
}
