using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>XADD: the sum to the destination, the old destination to the source.</summary>
internal readonly struct Xadd : IInstruction
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
        V result = s.Truncate(s.Add(a, b));
        // The source first: XADD of a register with itself leaves the sum.
        if (s.DestinationIsRegister)
        {
            s.WriteSource(a);
            s.WriteDestination(result);
        }
        else
        {
            s.WriteDestination(result);
            if (s.Faulted)
            {
                return;
            }

            s.WriteSource(a);
        }

        FlagMath.SetAdd(ref s, a, b, result);
    }
}
