using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>HADDPS, HSUBPS: the operation between adjacent elements, the destination's below the source's.</summary>
internal readonly struct Horizontal32<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
        => Packed32<TOperation>.TryFast(Even(destination, source), Odd(destination, source), immediate, mxcsr, out result);

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Packed32<TOperation>.Exact(Even(destination, source), Odd(destination, source), immediate, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Even(Vector128<byte> low, Vector128<byte> high)
        => PortableVector.EvenDoublewords(low, high).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Odd(Vector128<byte> low, Vector128<byte> high)
        => PortableVector.OddDoublewords(low, high).AsByte();
}
