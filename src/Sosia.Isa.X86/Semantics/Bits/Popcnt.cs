using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>POPCNT: ZF when the source is 0; every other flag is cleared.</summary>
internal readonly struct Popcnt : IInstruction
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


        s.WriteDestination(s.PopCount(value));
        // A result word of 1 has neither SF nor PF; the word 0 has PF, which bit 0 of the carry word takes back.
        V isZero = s.Equal(value, s.Constant(0));
        s.FlagResult = s.Xor(isZero, s.Constant(1));
        s.FlagCarries = isZero;
    }
}
