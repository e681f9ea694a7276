using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>A shift by the immediate 0: the destination is read and written (a 32-bit register loses its upper half), no flag changes.</summary>
internal readonly struct Touch : IInstruction
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

        s.WriteDestination(a);
    }
}
