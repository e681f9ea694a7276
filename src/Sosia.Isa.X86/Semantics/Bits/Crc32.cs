using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>CRC32: continues a CRC-32C in the destination; the upper half of a 64-bit destination becomes 0.</summary>
internal readonly struct Crc32<TSource> : IInstruction
    where TSource : struct, IWidth
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V data = s.ReadSource(TSource.Bits);
        if (s.Faulted)
        {
            return;
        }

        s.WriteDestination(s.Crc32(s.ReadDestination(), data, TSource.Bits));
    }
}
