using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition L: SF differs from OF.</summary>
internal readonly struct Less : ICondition
{
    /// <inheritdoc/>
    public static int Number => 12;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(FlagMath.Sf<S, V>(ref s), FlagMath.Of<S, V>(ref s));
}
