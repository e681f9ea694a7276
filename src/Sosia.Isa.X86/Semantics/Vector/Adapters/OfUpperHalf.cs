using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The MMX form of an "unpack high": the upper half of what the 16-byte "unpack low" gives.</summary>
internal readonly struct OfUpperHalf<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.Create(TInsn.Compute(destination, source).GetUpper(), Vector64<byte>.Zero);
}
