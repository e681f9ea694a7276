using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>PDEP: the low bits of VEX.vvvv scattered to the set bits of the source.</summary>
internal readonly struct Pdep : IInstruction
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


        s.WriteDestination(s.DepositBits(s.ReadThird(), value));
    }
}
