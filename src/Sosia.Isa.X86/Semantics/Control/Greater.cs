using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition G: not ZF, and SF equals OF.</summary>
internal readonly struct Greater : ICondition
{
    /// <inheritdoc/>
    public static int Number => 15;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(s.Or(FlagMath.Zf<S, V>(ref s), s.Xor(FlagMath.Sf<S, V>(ref s), FlagMath.Of<S, V>(ref s))), s.Constant(1));
}
