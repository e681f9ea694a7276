using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSIGND: doublewords of the destination, negated, zeroed or kept by the sign of the source's.</summary>
internal readonly struct Psignd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<int> control = source.AsInt32();
        Vector128<int> negative = Vector128.LessThan(control, Vector128<int>.Zero);
        Vector128<int> result = (destination.AsInt32() ^ negative) - negative;
        return Vector128.AndNot(result, Vector128.Equals(control, Vector128<int>.Zero)).AsByte();
    }
}
