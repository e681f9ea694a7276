using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>DEC: CF stays.</summary>
internal readonly struct Dec : IInstruction
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

        V one = s.Constant(1);
        V result = s.Truncate(s.Subtract(a, one));
        s.WriteDestination(result);
        if (s.Faulted)
        {
            return;
        }

        V cf = FlagMath.Cf<S, V>(ref s);
        FlagMath.SetSubtract(ref s, a, one, result);
        FlagMath.SetCf(ref s, cf);
    }
}
