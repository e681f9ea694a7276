using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTPD2DQ and CVTPD2PI, and the truncating CVTTPD2DQ and CVTTPD2PI; the high half of the result is zero.</summary>
internal readonly struct Cvtpd2dq<TTruncate> : IVectorFloat
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

        Vector128<double> operand = source.AsDouble();
        Vector128<int> value = TTruncate.Value ? Sse2.ConvertToVector128Int32WithTruncation(operand) : Sse2.ConvertToVector128Int32(operand);
        result = value.AsByte();
        return !Vector128.EqualsAny(value, Vector128.Create(int.MinValue))
            && (FloatChecks.IsQuiet(mxcsr) || Cvtdq2pd.Compute(result).AsDouble() == operand);
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        FpRounding rounding = TTruncate.Value ? FpRounding.TowardZero : env.Rounding;
        int low = Float64.ToInt32(source.AsUInt64().ToScalar(), rounding, ref env);
        int high = Float64.ToInt32(source.AsUInt64().GetElement(1), rounding, ref env);
        return Vector128.Create(low, high, 0, 0).AsByte();
    }
}
