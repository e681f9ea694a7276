using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BTC: inverts it.</summary>
internal readonly struct ComplementBit : IBitOperation
{
    /// <inheritdoc/>
    public static bool Writes => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(ref S s, V value, V mask)
        where S : struct, ISemantics<V>
        => s.Xor(value, mask);
}
