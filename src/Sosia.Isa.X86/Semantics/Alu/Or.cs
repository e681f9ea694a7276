using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>OR.</summary>
internal readonly struct Or : IInstruction
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

        V result = s.Or(a, b);
        s.WriteDestination(result);
        if (s.Faulted)
        {
            return;
        }

        FlagMath.SetLogic(ref s, result);
    }
}
