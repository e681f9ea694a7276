using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTPS2DQ, and the truncating CVTTPS2DQ.</summary>
internal readonly struct Cvtps2dq<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse2.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<float> operand = source.AsSingle();
        Vector128<int> value = TTruncate.Value ? Sse2.ConvertToVector128Int32WithTruncation(operand) : Sse2.ConvertToVector128Int32(operand);
        result = value.AsByte();
        return !Vector128.EqualsAny(value, Vector128.Create(int.MinValue))
            && (FloatChecks.IsQuiet(mxcsr) || Vector128.ConvertToSingle(value) == operand);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRounding rounding = TTruncate.Value ? FpRounding.TowardZero : env.Rounding;
        Vector128<int> result = default;
        for (int i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Float32.ToInt32(source.AsUInt32().GetElement(i), rounding, ref env));
        }

        return result.AsByte();
    }
}
