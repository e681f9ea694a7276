using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VTESTPS: as <see cref="Ptest"/>, of the doublewords' top bits.</summary>
internal readonly struct Testps : IVectorBinary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => Ptest.Compute(destination & Vector128.Create(0x8000_0000u).AsByte(), source & Vector128.Create(0x8000_0000u).AsByte());
}
