using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PUNPCKLQDQ, UNPCKLPD, MOVLHPS and MOVHPS from memory: both low halves.</summary>
internal readonly struct Punpcklqdq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Vector128.Create(destination.GetLower(), source.GetLower());
}
