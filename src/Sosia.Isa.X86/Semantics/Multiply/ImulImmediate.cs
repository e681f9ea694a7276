using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>IMUL of a register or memory by an immediate.</summary>
internal readonly struct ImulImmediate : IInstruction
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

        V low = SignedProduct.Multiply(ref s, s.SignExtend(b), s.SignExtend(s.ReadImmediate()), out V overflow);
        s.WriteDestination(low);
        SignedProduct.SetFlags(ref s, low, overflow);
    }
}
