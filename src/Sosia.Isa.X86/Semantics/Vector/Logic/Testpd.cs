using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VTESTPD: as <see cref="Ptest"/>, of the quadwords' top bits.</summary>
internal readonly struct Testpd : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Ptest.Compute(destination & Vector128.Create(1UL << 63).AsByte(), source & Vector128.Create(1UL << 63).AsByte());
}
