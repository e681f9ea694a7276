using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>Where DIV and IDIV find their dividend and put their results.</summary>
internal static class Quotient
{
    /// <summary>The dividend's upper and lower half: AH:AL, DX:AX, EDX:EAX or RDX:RAX.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Dividend<S, V>(ref S s, out V high)
        where S : struct, ISemantics<V>
    {
        if (s.Bits == 8)
        {
            V ax = s.ReadRegister16(0);
            high = s.ShiftRight(ax, s.Constant(8));
            return s.Truncate(ax);
        }

        high = s.ReadRegister(2);
        return s.ReadRegister(0);
    }

    /// <summary>Stores quotient and remainder, already cut to the operand width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<S, V>(ref S s, V quotient, V remainder)
        where S : struct, ISemantics<V>
    {
        if (s.Bits == 8)
        {
            s.WriteRegister16(0, s.Or(quotient, s.ShiftLeft(remainder, s.Constant(8))));
        }
        else
        {
            s.WriteRegister(0, quotient);
            s.WriteRegister(2, remainder);
        }
    }
}
