using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BSR: a source of 0 sets ZF and leaves the destination alone, all 64 bits of it. The other flags are undefined.</summary>
internal readonly struct Bsr : IInstruction
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


        s.WriteDestinationIf(s.Xor(s.Equal(value, s.Constant(0)), s.Constant(1)), s.Subtract(s.Constant(63), s.LeadingZeros(value)));
        FlagMath.SetLogic(ref s, value);
    }
}
