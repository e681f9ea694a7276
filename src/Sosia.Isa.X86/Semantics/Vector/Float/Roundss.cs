using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>ROUNDSS.</summary>
internal readonly struct Roundss : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        float operand = source.AsSingle().ToScalar();
        bool isFast = Roundps.TryFast(destination, Vector128.CreateScalar(operand).AsByte(), immediate, mxcsr, out Vector128<byte> rounded);
        result = destination.AsSingle().WithElement(0, rounded.AsSingle().ToScalar()).AsByte();
        return isFast;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        uint value = Float32.RoundToIntegral(
            source.AsUInt32().ToScalar(), RoundControl.Rounding(immediate, env.Rounding), RoundControl.SuppressesPrecision(immediate), ref env);
        return destination.AsUInt32().WithElement(0, value).AsByte();
    }
}
