using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BSF: a source of 0 sets ZF and leaves the destination alone, all 64 bits of it. The other flags are undefined.</summary>
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


        s.WriteDestinationIf(s.Xor(s.Equal(value, s.Constant(0)), s.Constant(1)), s.TrailingZeros(value));
        FlagMath.SetLogic(ref s, value);
    }
}
