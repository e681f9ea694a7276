using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>XCHG; with memory it is always locked.</summary>
internal readonly struct Xchg : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V a = s.ReadDestinationForUpdate();
        if (s.Faulted)
        {
            return;
        }

        V b = s.ReadSource();
        s.WriteDestination(b);
        if (s.Faulted)
        {
            return;
        }

        s.WriteSource(a);
    }
}
