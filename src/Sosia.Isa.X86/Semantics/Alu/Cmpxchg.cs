using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Alu;

/// <summary>CMPXCHG: compares the accumulator with the destination; the destination is written in either case (SDM).</summary>
internal readonly struct Cmpxchg : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V old = s.ReadDestinationForUpdate();
        if (s.Faulted)
        {
            return;
        }

        V accumulator = s.ReadRegister(0);
        V source = s.ReadSource();
        V result = s.Truncate(s.Subtract(accumulator, old));
        V equal = s.Equal(result, s.Constant(0));
        if (s.DestinationIsRegister)
        {
            // A 32-bit accumulator that is not loaded keeps its upper half: write it first, at full width, only when unequal.
            s.WriteRegisterIf(s.Xor(equal, s.Constant(1)), 0, old);
            s.WriteDestinationIf(equal, source);
        }
        else
        {
            s.WriteDestination(s.Select(equal, source, old));
            if (s.Faulted)
            {
                return;
            }

            s.WriteRegisterIf(s.Xor(equal, s.Constant(1)), 0, old);
        }

        FlagMath.SetSubtract(ref s, accumulator, old, result);
    }
}
