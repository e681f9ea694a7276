using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSIGNW: words of the destination, negated, zeroed or kept by the sign of the source's.</summary>
internal readonly struct Psignw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<short> control = source.AsInt16();
        Vector128<short> negative = Vector128.LessThan(control, Vector128<short>.Zero);
        Vector128<short> result = (destination.AsInt16() ^ negative) - negative;
        return Vector128.AndNot(result, Vector128.Equals(control, Vector128<short>.Zero)).AsByte();
    }
}
