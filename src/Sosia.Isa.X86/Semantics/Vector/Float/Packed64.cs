using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The packed form of an operation on binary64: ADDPD and its kin.</summary>
internal readonly struct Packed64<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<double> b = source.AsDouble();
        Vector128<double> a = TOperation.IsUnary ? b : destination.AsDouble();
        Vector128<double> value = TOperation.Host(a, b);
        result = value.AsByte();
        return FloatChecks.IsQuiet(mxcsr)
            && FloatChecks.AreNotDenormal(b.AsUInt64())
            && (TOperation.IsUnary || FloatChecks.AreNotDenormal(a.AsUInt64()))
            && (TOperation.ZeroIsExact(false, false) ? FloatChecks.AreInnerOrZero(value.AsUInt64()) : FloatChecks.AreInner(value.AsUInt64()));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            result = result.WithElement(i, TOperation.Exact(destination.AsUInt64().GetElement(i), source.AsUInt64().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}
