using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PEXTRW on MMX registers: one word of the source.</summary>
internal readonly struct PextrwMmx : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.AsUInt16().GetElement(immediate & 3)).AsByte();
}
