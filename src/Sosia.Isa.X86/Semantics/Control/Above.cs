using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition A: neither CF nor ZF.</summary>
internal readonly struct Above : ICondition
{
    /// <inheritdoc/>
    public static int Number => 7;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(s.Or(FlagMath.Cf<S, V>(ref s), FlagMath.Zf<S, V>(ref s)), s.Constant(1));
}
