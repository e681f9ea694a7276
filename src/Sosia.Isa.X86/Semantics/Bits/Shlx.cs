using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>SHLX: shifts left without flags; the count in VEX.vvvv is taken modulo the operand width.</summary>
internal readonly struct Shlx : IInstruction
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


        s.WriteDestination(s.Truncate(s.ShiftLeft(value, s.And(s.ReadThird(), s.Constant((ulong)(s.Bits - 1))))));
    }
}
