using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition BE: CF or ZF.</summary>
internal readonly struct BelowOrEqual : ICondition
{
    /// <inheritdoc/>
    public static int Number => 6;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Or(FlagMath.Cf<S, V>(ref s), FlagMath.Zf<S, V>(ref s));
}
