using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPERMD, VPERMPS: doublewords of the source picked by the first operand's.</summary>
internal readonly struct PermuteDoublewords : IWide
{
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
    {
        Vector256<uint> result = default;
        for (int i = 0; i < Vector256<uint>.Count; i++)
        {
            result = result.WithElement(i, source.AsUInt32().GetElement((int)(first.AsUInt32().GetElement(i) & 7)));
        }

        return result.AsByte();
    }
}
