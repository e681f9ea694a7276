using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMOVSXWD: low words sign-extended to doublewords.</summary>
internal readonly struct Pmovsxwd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source.AsInt16()).AsByte();
}
