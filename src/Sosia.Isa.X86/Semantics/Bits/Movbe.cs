using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>MOVBE: a move that reverses the bytes.</summary>
internal readonly struct Movbe : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V value = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }

        s.WriteDestination(s.ShiftRight(s.ReverseBytes(value), s.Constant((ulong)(64 - s.Bits))));
    }
}
