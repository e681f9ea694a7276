using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSRAD: signed doublewords shifted right; counts of 32 and more give the sign.</summary>
internal readonly struct Psrad : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return (destination.AsInt32() >> (count < 32 ? (int)count : 31)).AsByte();
    }
}
