using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CVTDQ2PS.</summary>
internal readonly struct Cvtdq2ps : IVectorFloat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<int> value = source.AsInt32();
        result = Vector128.ConvertToSingle(value).AsByte();
        return FloatChecks.IsQuiet(mxcsr) || ((value << 8) >> 8) == value;
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < 4; i++)
        {
            result = result.WithElement(i, Float32.FromInt64(source.AsInt32().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}
