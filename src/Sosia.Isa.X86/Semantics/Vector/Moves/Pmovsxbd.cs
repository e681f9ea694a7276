using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PMOVSXBD: low bytes sign-extended to doublewords.</summary>
internal readonly struct Pmovsxbd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.WidenLower(Vector128.WidenLower(source.AsSByte())).AsByte();
}
