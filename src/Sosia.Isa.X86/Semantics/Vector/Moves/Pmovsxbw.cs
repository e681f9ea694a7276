using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMOVSXBW: low bytes sign-extended to words.</summary>
internal readonly struct Pmovsxbw : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(source.AsSByte()).AsByte();
}
