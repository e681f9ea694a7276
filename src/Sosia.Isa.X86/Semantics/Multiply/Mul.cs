using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>MUL: CF = OF = the upper half is not 0; SF and PF follow the lower half, as on Intel processors.</summary>
internal readonly struct Mul : IInstruction
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


        V b = s.ReadRegister(0);
        V product = s.Multiply(a, b);
        V low = s.Truncate(product);
        V high;
        if (s.Bits == 64)
        {
            high = s.MultiplyHighUnsigned(a, b);
        }
        else
        {
            high = s.ShiftRight(product, s.Constant((ulong)s.Bits));
        }

        if (s.Bits == 8)
        {
            s.WriteRegister16(0, product);
        }
        else
        {
            s.WriteRegister(0, low);
            s.WriteRegister(2, high);
        }

        SignedProduct.SetFlags(ref s, low, s.Xor(s.Equal(high, s.Constant(0)), s.Constant(1)));
    }
}
