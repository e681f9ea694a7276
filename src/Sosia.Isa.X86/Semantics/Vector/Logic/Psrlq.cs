using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSRLQ: quadwords shifted right; counts of 64 and more give zero.</summary>
internal readonly struct Psrlq : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 64 ? (destination.AsUInt64() >>> (int)count).AsByte() : Vector128<byte>.Zero;
    }
}
