using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>DPPD: as DPPS with two elements.</summary>
internal readonly struct Dppd : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = default;
        return false;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        ulong low = (immediate & 0x10) == 0 ? 0 : Float64.Multiply(destination.AsUInt64().ToScalar(), source.AsUInt64().ToScalar(), ref env);
        ulong high = (immediate & 0x20) == 0 ? 0 : Float64.Multiply(destination.AsUInt64().GetElement(1), source.AsUInt64().GetElement(1), ref env);
        if (env.HasUnmasked)
        {
            return default;
        }

        // With two NaNs each element shows its own, as Intel's processors do.
        Vector128<ulong> sums = Vector128.Create(Float64.Add(low, high, ref env), Float64.Add(high, low, ref env));
        return Blendpd.Compute(Vector128<byte>.Zero, sums.AsByte(), immediate);
    }
}
