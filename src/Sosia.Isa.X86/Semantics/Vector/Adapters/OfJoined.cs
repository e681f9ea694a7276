using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>
/// The MMX form of an instruction that condenses each of its operands into half of the result (packs, horizontal sums): both 8-byte operands
/// side by side are one 16-byte operand.
/// </summary>
internal readonly struct OfJoined<TInsn> : IVectorImmediate
    where TInsn : struct, IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<byte> joined = Vector128.Create(destination.GetLower(), source.GetLower());
        return TInsn.Compute(joined, joined);
    }
}
