using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition S: SF.</summary>
internal readonly struct Sign : ICondition
{
    /// <inheritdoc/>
    public static int Number => 8;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => FlagMath.Sf<S, V>(ref s);
}
