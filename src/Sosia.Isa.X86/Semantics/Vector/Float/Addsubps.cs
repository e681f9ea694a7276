using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>ADDSUBPS: even elements are subtracted, odd ones added.</summary>
internal readonly struct Addsubps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<byte> signs = Vector128.Create(0x0000_0000_8000_0000UL).AsByte();
        return Packed32<FloatAdd>.TryFast(destination, source ^ signs, immediate, mxcsr, out result);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            uint a = destination.AsUInt32().GetElement(i);
            uint b = source.AsUInt32().GetElement(i);
            result = result.WithElement(i, (i & 1) == 0 ? Float32.Subtract(a, b, ref env) : Float32.Add(a, b, ref env));
        }

        return result.AsByte();
    }
}
