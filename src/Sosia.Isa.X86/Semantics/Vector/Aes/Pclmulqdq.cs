using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PCLMULQDQ.</summary>
internal readonly struct Pclmulqdq : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<ulong> a = Vector128.CreateScalar(destination.AsUInt64().GetElement(immediate & 1));
        Vector128<ulong> b = Vector128.CreateScalar(source.AsUInt64().GetElement(immediate >> 4 & 1));
        return Pclmul(a, b).AsByte();
    }

    private static Vector128<ulong> Pclmul(Vector128<ulong> a, Vector128<ulong> b)
        => System.Runtime.Intrinsics.X86.Pclmulqdq.IsSupported
            ? System.Runtime.Intrinsics.X86.Pclmulqdq.CarrylessMultiply(a, b, 0)
            : Portable(a.ToScalar(), b.ToScalar());

    /// <summary>The product of two polynomials over GF(2), without an instruction for it.</summary>
    internal static Vector128<ulong> Portable(ulong a, ulong b)
    {
        ulong low = 0;
        ulong high = 0;
        for (int i = 0; i < 64; i++)
        {
            ulong mask = 0 - (b >> i & 1);
            low ^= (a << i) & mask;
            // Two shifts, since one by 64 would be one by 0.
            high ^= (a >> 1 >> (63 - i)) & mask;
        }

        return Vector128.Create(low, high);
    }
}
