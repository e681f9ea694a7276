using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>MULX: RDX times the source; the lower half goes to VEX.vvvv first, so that the upper half wins when both are the same register.</summary>
internal readonly struct Mulx : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V a = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }

        V b = s.ReadRegister(2);
        V product = s.Multiply(a, b);
        V high = s.Bits == 64 ? s.MultiplyHighUnsigned(a, b) : s.ShiftRight(product, s.Constant((ulong)s.Bits));
        s.WriteThird(s.Truncate(product));
        s.WriteDestination(high);
    }
}
