using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>VCVTPS2PH, rounding as the immediate says; the high half of the result is zero.</summary>
internal readonly struct Cvtps2ph : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = default;
        return false;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRounding rounding = RoundControl.Rounding(immediate, env.Rounding);
        Vector128<ushort> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            result = result.WithElement(i, Float16.FromFloat32(source.AsUInt32().GetElement(i), rounding, ref env));
        }

        return result.AsByte();
    }
}
