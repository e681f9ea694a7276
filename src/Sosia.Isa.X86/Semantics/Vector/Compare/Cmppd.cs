using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CMPPD.</summary>
internal readonly struct Cmppd<TVex> : IVectorFloat
    where TVex : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = Host(destination.AsDouble(), source.AsDouble(), immediate).AsByte();
        return FloatChecks.ArePlain(destination.AsUInt64()) && FloatChecks.ArePlain(source.AsUInt64());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<ulong> result = default;
        for (int i = 0; i < Vector128<ulong>.Count; i++)
        {
            FpRelation relation = Float64.Compare(destination.AsUInt64().GetElement(i), source.AsUInt64().GetElement(i), ComparePredicate.IsQuiet(ComparePredicate.Number<TVex>(immediate)), ref env);
            result = result.WithElement(i, ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), relation));
        }

        return result.AsByte();
    }

    /// <summary>The masks for operands without NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Host(Vector128<double> a, Vector128<double> b, byte immediate)
    {
        Vector128<ulong> less = Vector128.LessThan(a, b).AsUInt64();
        Vector128<ulong> equal = Vector128.Equals(a, b).AsUInt64();
        return (less & Vector128.Create(ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), FpRelation.Less)))
            | (equal & Vector128.Create(ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), FpRelation.Equal)))
            | (~(less | equal) & Vector128.Create(ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), FpRelation.Greater)));
    }
}
