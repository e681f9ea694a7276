using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPERMQ, VPERMPD: quadwords of the source picked by the immediate.</summary>
internal readonly struct PermuteQuadwords : IWide
{
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
    {
        Vector256<ulong> result = default;
        for (int i = 0; i < Vector256<ulong>.Count; i++)
        {
            result = result.WithElement(i, source.AsUInt64().GetElement((immediate >> (2 * i)) & 3));
        }

        return result.AsByte();
    }
}
