using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>IMUL with one operand: the double-width product; CF = OF = it does not fit the lower half.</summary>
internal readonly struct ImulWide : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V a = s.ReadDestination();
        if (s.Faulted)
        {
            return;
        }


        V b = s.SignExtend(s.ReadRegister(0));
        a = s.SignExtend(a);
        V low = SignedProduct.Multiply(ref s, a, b, out V overflow);
        if (s.Bits == 8)
        {
            s.WriteRegister16(0, s.Multiply(a, b));
        }
        else
        {
            V high = s.Bits == 64
                ? s.MultiplyHighSigned(a, b)
                : s.Truncate(s.ShiftRight(s.Multiply(a, b), s.Constant((ulong)s.Bits)));
            s.WriteRegister(0, low);
            s.WriteRegister(2, high);
        }

        SignedProduct.SetFlags(ref s, low, overflow);
    }
}
