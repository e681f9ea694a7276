using System;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VPSRAVD: signed doublewords shifted right, each by its own count; counts of 32 and more give the sign.</summary>
internal readonly struct Psravd : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
    {
        Vector128<int> result = default;
        for (int i = 0; i < Vector128<int>.Count; i++)
        {
            int value = destination.AsInt32().GetElement(i);
            uint count = source.AsUInt32().GetElement(i);
            result = result.WithElement(i, value >> (int)Math.Min(count, 31u));
        }

        return result.AsByte();
    }
}
