using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>NEG: 0 − destination.</summary>
internal readonly struct Neg : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V a = s.ReadDestinationForUpdate();
        if (s.Faulted)
        {
            return;
        }

        V result = s.Truncate(s.Subtract(s.Constant(0), a));
        s.WriteDestination(result);
        if (s.Faulted)
        {
            return;
        }

        FlagMath.SetSubtract(ref s, s.Constant(0), a, result);
    }
}
