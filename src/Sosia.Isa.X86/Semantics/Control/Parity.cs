using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition P: PF.</summary>
internal readonly struct Parity : ICondition
{
    /// <inheritdoc/>
    public static int Number => 10;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => FlagMath.Pf<S, V>(ref s);
}
