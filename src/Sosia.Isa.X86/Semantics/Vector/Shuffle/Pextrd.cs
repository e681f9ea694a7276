using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PEXTRD, EXTRACTPS: one doubleword of the source.</summary>
internal readonly struct Pextrd : IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => Vector128.CreateScalar(source.AsUInt32().GetElement(immediate & 3)).AsByte();
}
