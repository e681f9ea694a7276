using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition LE: ZF, or SF differs from OF.</summary>
internal readonly struct LessOrEqual : ICondition
{
    /// <inheritdoc/>
    public static int Number => 14;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Or(FlagMath.Zf<S, V>(ref s), s.Xor(FlagMath.Sf<S, V>(ref s), FlagMath.Of<S, V>(ref s)));
}
