using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>MOVSS between registers: the low doubleword of the source.</summary>
internal readonly struct MergeLow4 : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => destination.AsSingle().WithElement(0, source.AsSingle().ToScalar()).AsByte();
}
