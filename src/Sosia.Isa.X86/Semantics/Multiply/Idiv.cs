using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>IDIV: truncates toward 0; the remainder has the dividend's sign. #DE when the divisor is 0 or the quotient does not fit.</summary>
internal readonly struct Idiv : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V divisor = s.SignExtend(s.ReadDestination());
        if (s.Faulted)
        {
            return;
        }

        V low = Quotient.Dividend(ref s, out V high);
        V zero = s.Constant(0);
        V allBits = s.Constant(63);
        V dividendSign;
        if (s.Bits == 64)
        {
            // The magnitude of the 128-bit dividend: a negative one is complemented and incremented.
            dividendSign = s.ShiftRightArithmetic(high, allBits);
            high = s.Add(s.Xor(high, dividendSign), s.And(s.Equal(low, zero), dividendSign));
        }
        else
        {
            low = s.Or(low, s.ShiftLeft(high, s.Constant((ulong)s.Bits)));
            low = s.Bits == 32 ? low : s.SignExtend(low, 2 * s.Bits);
            dividendSign = s.ShiftRightArithmetic(low, allBits);
            high = zero;
        }

        low = s.Subtract(s.Xor(low, dividendSign), dividendSign);
        V divisorSign = s.ShiftRightArithmetic(divisor, allBits);
        V magnitude = s.Subtract(s.Xor(divisor, divisorSign), divisorSign);
        s.FaultIf(s.Xor(s.LessUnsigned(high, magnitude), s.Constant(1)), ExceptionVector.DivideError);
        if (s.Faulted)
        {
            return;
        }

        V quotient = s.DivideUnsigned(high, low, magnitude, out V remainder);
        V quotientSign = s.Xor(dividendSign, divisorSign);
        // One more is allowed below zero than above.
        V limit = s.Subtract(s.Constant((1UL << (s.Bits - 1)) - 1), quotientSign);
        s.FaultIf(s.LessUnsigned(limit, quotient), ExceptionVector.DivideError);
        if (s.Faulted)
        {
            return;
        }

        quotient = s.Subtract(s.Xor(quotient, quotientSign), quotientSign);
        remainder = s.Subtract(s.Xor(remainder, dividendSign), dividendSign);
        Quotient.Store(ref s, s.Truncate(quotient), s.Truncate(remainder));
    }
}
