using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>What all forms of IMUL share.</summary>
internal static class SignedProduct
{
    /// <summary>The product cut to the operand width, and whether that lost anything.</summary>
    /// <param name="s">The semantics.</param>
    /// <param name="a">A factor, sign-extended.</param>
    /// <param name="b">The other, sign-extended.</param>
    /// <param name="overflow">1 when the signed product does not fit the operand width.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Multiply<S, V>(ref S s, V a, V b, out V overflow)
        where S : struct, ISemantics<V>
    {
        V product = s.Multiply(a, b);
        V fits = s.Bits == 64
            ? s.Equal(s.MultiplyHighSigned(a, b), s.ShiftRightArithmetic(product, s.Constant(63)))
            : s.Equal(s.SignExtend(product), product);
        overflow = s.Xor(fits, s.Constant(1));
        return s.Truncate(product);
    }

    /// <summary>CF = OF = overflow. SF and PF follow the lower half and AF is 0, where the manual leaves them undefined.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetFlags<S, V>(ref S s, V low, V overflow)
        where S : struct, ISemantics<V>
    {
        s.FlagResult = s.SignExtend(low);
        s.FlagCarries = s.ShiftLeft(overflow, s.Constant(63));
    }
}
