using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VBROADCASTxx, VPBROADCASTx: the low quadword in every place.</summary>
internal readonly struct Broadcast8 : IVectorUnary
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> source)
        => Vector128.Create(source.AsUInt64().ToScalar()).AsByte();
}
