using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>Condition O: OF.</summary>
internal readonly struct Overflow : ICondition
{
    /// <inheritdoc/>
    public static int Number => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => FlagMath.Of<S, V>(ref s);
}
