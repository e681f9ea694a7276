using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PSLLD: doublewords shifted left; counts of 32 and more give zero.</summary>
internal readonly struct Pslld : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        ulong count = source.AsUInt64().ToScalar();
        return count < 32 ? (destination.AsUInt32() << (int)count).AsByte() : Vector128<byte>.Zero;
    }
}
