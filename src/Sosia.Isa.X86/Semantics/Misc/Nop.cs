using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>NOP, hints and the barriers, which have nothing to order in a processor that executes one instruction after the other.</summary>
internal readonly struct Nop : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {

    }
}
