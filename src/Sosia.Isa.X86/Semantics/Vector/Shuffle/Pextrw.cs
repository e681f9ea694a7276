using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PEXTRW: one word of the source.</summary>
internal readonly struct Pextrw : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.AsUInt16().GetElement(immediate & 7)).AsByte();
}
