using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>CMPPS.</summary>
internal readonly struct Cmpps<TVex> : IVectorFloat
    where TVex : struct, IConstantBoolean
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryFast(Vector128<byte> destination, Vector128<byte> source, byte immediate, uint mxcsr, out Vector128<byte> result)
    {
        result = Host(destination.AsSingle(), source.AsSingle(), immediate).AsByte();
        return FloatChecks.ArePlain(destination.AsUInt32()) && FloatChecks.ArePlain(source.AsUInt32());
    }

    public static Vector128<byte> Exact(Vector128<byte> destination, Vector128<byte> source, byte immediate, ref FpEnvironment env)
    {
        Vector128<uint> result = default;
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            FpRelation relation = Float32.Compare(destination.AsUInt32().GetElement(i), source.AsUInt32().GetElement(i), ComparePredicate.IsQuiet(ComparePredicate.Number<TVex>(immediate)), ref env);
            result = result.WithElement(i, (uint)ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), relation));
        }

        return result.AsByte();
    }

    /// <summary>The masks for operands without NaNs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Host(Vector128<float> a, Vector128<float> b, byte immediate)
    {
        Vector128<uint> less = Vector128.LessThan(a, b).AsUInt32();
        Vector128<uint> equal = Vector128.Equals(a, b).AsUInt32();
        return (less & Vector128.Create((uint)ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), FpRelation.Less)))
            | (equal & Vector128.Create((uint)ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), FpRelation.Equal)))
            | (~(less | equal) & Vector128.Create((uint)ComparePredicate.Mask(ComparePredicate.Number<TVex>(immediate), FpRelation.Greater)));
    }
}
