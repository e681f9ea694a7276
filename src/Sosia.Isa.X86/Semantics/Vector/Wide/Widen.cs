using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A conversion to wider elements: the upper half comes from further bytes of the source's low half.</summary>
internal readonly struct Widen<TInsn, TCount> : IWide
    where TInsn : struct, IVectorImmediate
    where TCount : struct, IConstantInteger
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
        => Vector256.Create(
            TInsn.Compute(first.GetLower(), source.GetLower(), immediate),
            TInsn.Compute(first.GetUpper(), ByteShift.Right(source.GetLower(), TCount.Value), immediate));
}
