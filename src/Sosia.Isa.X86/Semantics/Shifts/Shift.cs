using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>A shift or rotation by 1, an immediate or CL: the count is masked to 5 bits (6 for 64-bit operands), and a masked count of 0 changes no flag.</summary>
internal readonly struct Shift<TShift> : IInstruction
    where TShift : struct, IShift
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

        V count = s.And(s.ReadSource(), s.Constant(s.Bits == 64 ? 63u : 31u));
        V result = TShift.Result(ref s, a, count);
        // The rotations through carry read CF: before anything is committed.
        V carries = TShift.Carries(ref s, a, count, result);
        s.WriteDestination(result);
        if (s.Faulted)
        {
            return;
        }

        if (TShift.KeepsResultFlags)
        {
            carries = s.Or(s.And(s.FlagCarries, s.Constant(~(3UL << 62))), carries);
        }

        if (s.SourceIsImmediate)
        {
            // Immediate counts of 0 have a handler of their own (see ShiftForms).
            if (!TShift.KeepsResultFlags)
            {
                s.FlagResult = s.SignExtend(result);
            }

            s.FlagCarries = carries;
            return;
        }

        if (!TShift.KeepsResultFlags)
        {
            s.FlagResult = s.Select(count, s.SignExtend(result), s.FlagResult);
        }

        s.FlagCarries = s.Select(count, carries, s.FlagCarries);
    }
}
