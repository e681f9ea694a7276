using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>IMUL register by register or memory.</summary>
internal readonly struct Imul : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V b = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }

        V low = SignedProduct.Multiply(ref s, s.SignExtend(s.ReadDestination()), s.SignExtend(b), out V overflow);
        s.WriteDestination(low);
        SignedProduct.SetFlags(ref s, low, overflow);
    }
}
