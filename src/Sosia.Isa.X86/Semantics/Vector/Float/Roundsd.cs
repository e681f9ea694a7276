using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>ROUNDSD.</summary>
internal readonly struct Roundsd : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        double operand = source.AsDouble().ToScalar();
        bool isFast = Roundpd.TryFast(destination, Vector128.CreateScalar(operand).AsByte(), immediate, mxcsr, out Vector128<byte> rounded);
        result = destination.AsDouble().WithElement(0, rounded.AsDouble().ToScalar()).AsByte();
        return isFast;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        ulong value = Float64.RoundToIntegral(
            source.AsUInt64().ToScalar(), RoundControl.Rounding(immediate, env.Rounding), RoundControl.SuppressesPrecision(immediate), ref env);
        return destination.AsUInt64().WithElement(0, value).AsByte();
    }
}
