using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTDQ2PD and CVTPI2PD, always exact.</summary>
internal readonly struct Cvtdq2pd : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Create((double)source.AsInt32().ToScalar(), source.AsInt32().GetElement(1)).AsByte();
}
