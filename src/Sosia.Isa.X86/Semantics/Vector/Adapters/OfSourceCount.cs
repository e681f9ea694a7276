using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>A VEX shift by an immediate: the value is the source, the immediate takes the place of the count operand.</summary>
internal readonly struct OfSourceCount<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => TInsn.Compute(source, Vector128.CreateScalar((ulong)immediate).AsByte());
}
