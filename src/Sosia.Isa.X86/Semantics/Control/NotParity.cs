using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition NP: not PF.</summary>
internal readonly struct NotParity : ICondition
{
    /// <inheritdoc/>
    public static int Number => 11;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(FlagMath.Pf<S, V>(ref s), s.Constant(1));
}
