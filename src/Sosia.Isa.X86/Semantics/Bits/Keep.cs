using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BT: nothing.</summary>
internal readonly struct Keep : IBitOperation
{
    /// <inheritdoc/>
    public static bool Writes => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V>(ref S s, V value, V mask)
        where S : struct, ISemantics<V>
        => value;
}
