using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>ROUNDPS.</summary>
internal readonly struct Roundps : IVectorFloat
{
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<float> operand = source.AsSingle();
        Vector128<float> value = RoundControl.Rounding(immediate, mxcsr) switch
        {
            FpRounding.Down => Vector128.Floor(operand),
            FpRounding.Up => Vector128.Ceiling(operand),
            FpRounding.TowardZero => Vector128.Truncate(operand),
            _ => Vector128.Round(operand),
        };
        result = value.AsByte();
        return FloatChecks.ArePlain(operand.AsUInt32())
            && (RoundControl.SuppressesPrecision(immediate) || FloatChecks.IsQuiet(mxcsr) || value == operand);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRounding rounding = RoundControl.Rounding(immediate, env.Rounding);
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            result = result.WithElement(i, Float32.RoundToIntegral(source.AsUInt32().GetElement(i), rounding, RoundControl.SuppressesPrecision(immediate), ref env));
        }

        return result.AsByte();
    }
}
