using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSRAW: signed words shifted right; counts of 16 and more give the sign.</summary>
internal readonly struct Psraw : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return (destination.AsInt16() >> (count < 16 ? (int)count : 15)).AsByte();
    }
}
