using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BSWAP. With 16 bits, which the manual leaves undefined, processors store 0.</summary>
internal readonly struct Bswap : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V reversed = s.ReverseBytes(s.ReadDestination());
        s.WriteDestination(s.Bits == 64 ? reversed : s.Truncate(s.ShiftRight(reversed, s.Constant(32))));
    }
}
