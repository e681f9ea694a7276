using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The VEX form of an instruction that changes its only operand: the source takes its place.</summary>
internal readonly struct OfSource<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => TInsn.Compute(source, default, immediate);
}
