using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSLLW: words shifted left; counts of 16 and more give zero.</summary>
internal readonly struct Psllw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 16 ? (destination.AsUInt16() << (int)count).AsByte() : Vector128<byte>.Zero;
    }
}
