using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>SUB: destination − source.</summary>
internal readonly struct Sub : IInstruction
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

        V result = s.Truncate(s.Subtract(a, b));
        s.WriteDestination(result);
        if (s.Faulted)
        {
            return;
        }

        FlagMath.SetSubtract(ref s, a, b, result);
    }
}
