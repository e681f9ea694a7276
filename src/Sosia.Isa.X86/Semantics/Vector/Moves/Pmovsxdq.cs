using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMOVSXDQ: low doublewords sign-extended to quadwords.</summary>
internal readonly struct Pmovsxdq : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source.AsInt32()).AsByte();
}
