using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>ADDSUBPD: even elements are subtracted, odd ones added.</summary>
internal readonly struct Addsubpd : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<byte> signs = Vector128.Create(0x8000_0000_0000_0000UL, 0).AsByte();
        return Packed64<FloatAdd>.TryFast(destination, source ^ signs, immediate, mxcsr, out result);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            ulong a = destination.AsUInt64().GetElement(i);
            ulong b = source.AsUInt64().GetElement(i);
            result = result.WithElement(i, (i & 1) == 0 ? Float64.Subtract(a, b, ref env) : Float64.Add(a, b, ref env));
        }

        return result.AsByte();
    }
}
