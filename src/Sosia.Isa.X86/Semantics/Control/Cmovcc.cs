using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>CMOVcc: the source is read in any case; a 32-bit destination loses its upper half in any case (SDM).</summary>
internal readonly struct Cmovcc<TCondition> : IInstruction
    where TCondition : struct, ICondition
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V source = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }

        s.WriteDestination(s.Select(s.Holds<TCondition>(), source, s.ReadDestination()));
    }
}
