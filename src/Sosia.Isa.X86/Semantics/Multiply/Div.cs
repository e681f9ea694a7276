using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>DIV: #DE when the divisor is 0 or the quotient does not fit. The flags, which are undefined, stay.</summary>
internal readonly struct Div : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V divisor = s.ReadDestination();
        if (s.Faulted)
        {
            return;
        }

        V low = Quotient.Dividend(ref s, out V high);
        s.FaultIf(s.Xor(s.LessUnsigned(high, divisor), s.Constant(1)), ExceptionVector.DivideError);
        if (s.Faulted)
        {
            return;
        }

        V quotient;
        V remainder;
        if (s.Bits == 64)
        {
            quotient = s.DivideUnsigned(high, low, divisor, out remainder);
        }
        else
        {
            V dividend = s.Or(low, s.ShiftLeft(high, s.Constant((ulong)s.Bits)));
            quotient = s.DivideUnsigned(s.Constant(0), dividend, divisor, out remainder);
        }

        Quotient.Store(ref s, quotient, remainder);
    }
}
