using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PUNPCKHQDQ, UNPCKHPD: both high halves.</summary>
internal readonly struct Punpckhqdq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Create(destination.GetUpper(), source.GetUpper());
}
