using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PALIGNR on MMX registers: 8 bytes out of destination and source side by side.</summary>
internal readonly struct PalignrMmx : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => ByteShift.Right(Vector128.Create(source.GetLower(), destination.GetLower()), immediate);
}
