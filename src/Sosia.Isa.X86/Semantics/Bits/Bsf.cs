using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BSF: a source of 0 sets ZF and leaves the destination alone, all 64 bits of it. The other flags are undefined; Intel processors leave PF as the index says and clear the rest.</summary>
internal readonly struct Bsf : IInstruction
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


        V index = s.TrailingZeros(value);
        s.WriteDestinationIf(s.Xor(s.Equal(value, s.Constant(0)), s.Constant(1)), index);
        // Bit 8 keeps ZF clear for index 0.
        s.FlagResult = s.Select(value, s.Or(index, s.Constant(0x100)), s.Constant(0));
        s.FlagCarries = s.Constant(0);
    }
}
