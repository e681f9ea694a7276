using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>SBB: destination − source − CF.</summary>
internal readonly struct Sbb : IInstruction
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

        V b = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }

        V result = s.Truncate(s.Subtract(s.Subtract(a, b), FlagMath.Cf<S, V>(ref s)));
        s.WriteDestination(result);
        if (s.Faulted)
        {
            return;
        }

        FlagMath.SetSubtract(ref s, a, b, result);
    }
}
