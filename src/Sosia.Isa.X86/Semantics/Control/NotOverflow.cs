using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition NO: not OF.</summary>
internal readonly struct NotOverflow : ICondition
{
    /// <inheritdoc/>
    public static int Number => 1;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(FlagMath.Of<S, V>(ref s), s.Constant(1));
}
