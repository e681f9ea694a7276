using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition Z: ZF.</summary>
internal readonly struct Zero : ICondition
{
    /// <inheritdoc/>
    public static int Number => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => FlagMath.Zf<S, V>(ref s);
}
