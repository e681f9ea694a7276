using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>LEA: the address itself, cut to the operand width.</summary>
internal readonly struct Lea : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        s.WriteDestination(s.Truncate(s.EffectiveAddress()));
    }
}
