using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition NZ: not ZF.</summary>
internal readonly struct NotZero : ICondition
{
    /// <inheritdoc/>
    public static int Number => 5;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.Xor(FlagMath.Zf<S, V>(ref s), s.Constant(1));
}
