using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>MOVSX and MOVSXD from a source of the given width.</summary>
internal readonly struct Movsx<TSource> : IInstruction
    where TSource : struct, IWidth
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V value = s.ReadSource(TSource.Bits);
        if (s.Faulted)
        {
            return;
        }

        s.WriteDestination(s.Truncate(s.SignExtend(value, TSource.Bits)));
    }
}
