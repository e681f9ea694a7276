using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTSS2SI to 32 bits, and the truncating CVTTSS2SI. An integral value that fits converts exactly in every mode.</summary>
internal readonly struct Cvtss2si32<TTruncate> : IVectorFloat
    where TTruncate : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        if (!Sse.IsSupported)
        {
            result = default;
            return false;
        }

        Vector128<float> operand = source.AsSingle();
        int value = TTruncate.Value ? Sse.ConvertToInt32WithTruncation(operand) : Sse.ConvertToInt32(operand);
        result = Vector128.CreateScalar(value).AsByte();
        return value != int.MinValue && (FloatChecks.IsQuiet(mxcsr) || (float)value == operand.ToScalar());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
        => Vector128.CreateScalar(Float32.ToInt32(source.AsUInt32().ToScalar(), TTruncate.Value ? FpRounding.TowardZero : env.Rounding, ref env)).AsByte();
}
