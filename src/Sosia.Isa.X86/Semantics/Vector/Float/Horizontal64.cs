using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>HADDPD, HSUBPD: the operation between adjacent elements, the destination's below the source's.</summary>
internal readonly struct Horizontal64<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
        => Packed64<TOperation>.TryFast(Even(destination, source), Odd(destination, source), immediate, mxcsr, out result);

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Packed64<TOperation>.Exact(Even(destination, source), Odd(destination, source), immediate, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Even(Vector128<byte> low, Vector128<byte> high)
        => Punpcklqdq.Compute(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Odd(Vector128<byte> low, Vector128<byte> high)
        => Punpckhqdq.Compute(low, high);
}
