using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPSRLVD: doublewords shifted right, each by its own count; counts of 32 and more give zero.</summary>
internal readonly struct Psrlvd : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            uint value = destination.AsUInt32().GetElement(i);
            uint count = source.AsUInt32().GetElement(i);
            result = result.WithElement(i, count < 32 ? value >>> (int)count : 0);
        }

        return result.AsByte();
    }
}
