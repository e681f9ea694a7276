using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>SETcc.</summary>
internal readonly struct Setcc<TCondition> : IInstruction
    where TCondition : struct, ICondition
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.WriteDestination(s.Holds<TCondition>());
}
