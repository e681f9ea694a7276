using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition AE: not CF.</summary>
internal readonly struct AboveOrEqual : ICondition
{
    /// <inheritdoc/>
    public static int Number => 3;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(FlagMath.Cf<S, V>(ref s), s.Constant(1));
}
