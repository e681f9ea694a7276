using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The packed form of an operation on binary32: ADDPS and its kin.</summary>
internal readonly struct Packed32<TOperation> : IVectorFloat
    where TOperation : struct, IFloatOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        Vector128<float> b = source.AsSingle();
        Vector128<float> a = TOperation.IsUnary ? b : destination.AsSingle();
        Vector128<float> value = TOperation.Host(a, b);
        result = value.AsByte();
        return FloatChecks.IsQuiet(mxcsr)
            && FloatChecks.AreNotDenormal(b.AsUInt32())
            && (TOperation.IsUnary || FloatChecks.AreNotDenormal(a.AsUInt32()))
            && (TOperation.ZeroIsExact(false, false) ? FloatChecks.AreInnerOrZero(value.AsUInt32()) : FloatChecks.AreInner(value.AsUInt32()));
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            result = result.WithElement(i, TOperation.Exact(destination.AsUInt32().GetElement(i), source.AsUInt32().GetElement(i), ref env));
        }

        return result.AsByte();
    }
}
