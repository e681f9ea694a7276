using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition NS: not SF.</summary>
internal readonly struct NotSign : ICondition
{
    /// <inheritdoc/>
    public static int Number => 9;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(FlagMath.Sf<S, V>(ref s), s.Constant(1));
}
