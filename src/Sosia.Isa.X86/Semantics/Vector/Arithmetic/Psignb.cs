using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSIGNB: bytes of the destination, negated, zeroed or kept by the sign of the source's.</summary>
internal readonly struct Psignb : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<sbyte> control = source.AsSByte();
        Vector128<sbyte> negative = Vector128.LessThan(control, Vector128<sbyte>.Zero);
        Vector128<sbyte> result = (destination.AsSByte() ^ negative) - negative;
        return Vector128.AndNot(result, Vector128.Equals(control, Vector128<sbyte>.Zero)).AsByte();
    }
}
