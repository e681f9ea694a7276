using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition B: CF.</summary>
internal readonly struct Below : ICondition
{
    /// <inheritdoc/>
    public static int Number => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => FlagMath.Cf<S, V>(ref s);
}
