using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition GE: SF equals OF.</summary>
internal readonly struct GreaterOrEqual : ICondition
{
    /// <inheritdoc/>
    public static int Number => 13;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(s.Xor(FlagMath.Sf<S, V>(ref s), FlagMath.Of<S, V>(ref s)), s.Constant(1));
}
