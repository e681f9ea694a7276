using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTSD2SI to 64 bits, and the truncating CVTTSD2SI. An integral value that fits converts exactly in every mode.</summary>
internal readonly struct Cvtsd2si64<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse2.X64.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<double> operand = source.AsDouble();
        long value = TTruncate.Value ? Sse2.X64.ConvertToInt64WithTruncation(operand) : Sse2.X64.ConvertToInt64(operand);
        result = Vector128.CreateScalar(value).AsByte();
        return value != long.MinValue && (FloatChecks.IsQuiet(mxcsr) || (double)value == operand.ToScalar());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.CreateScalar(Float64.ToInt64(source.AsUInt64().ToScalar(), TTruncate.Value ? FpRounding.TowardZero : env.Rounding, ref env)).AsByte();
}
