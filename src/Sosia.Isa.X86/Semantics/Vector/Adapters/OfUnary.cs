using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A unary meaning in the general form.</summary>
internal readonly struct OfUnary<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate) => TInsn.Compute(source);
}
