using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPSLLVQ: quadwords shifted left, each by its own count; counts of 64 and more give zero.</summary>
internal readonly struct Psllvq : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            ulong value = destination.AsUInt64().GetElement(i);
            ulong count = source.AsUInt64().GetElement(i);
            result = result.WithElement(i, count < 64 ? value << (int)count : 0);
        }

        return result.AsByte();
    }
}
