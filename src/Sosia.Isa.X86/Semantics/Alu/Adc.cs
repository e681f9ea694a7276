using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>ADC: destination + source + CF.</summary>
internal readonly struct Adc : IInstruction
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

        V result = s.Truncate(s.Add(s.Add(a, b), FlagMath.Cf<S, V>(ref s)));
        s.WriteDestination(result);
        if (s.Faulted)
        {
            return;
        }

        FlagMath.SetAdd(ref s, a, b, result);
    }
}
