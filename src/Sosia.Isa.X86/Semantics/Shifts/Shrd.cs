using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>SHRD. 16-bit counts above 16 are undefined; processors then go on with the destination's own bits.</summary>
internal readonly struct Shrd<TCount> : IInstruction
    where TCount : struct, IShiftCount
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
        V count = s.And(TCount.Read<S, V>(ref s), s.Constant(s.Bits == 64 ? 63u : 31u));
        V one = s.Constant(1);
        V result;
        V cf;
        if (s.Bits == 64)
        {
            V back = s.Subtract(s.Constant(64), count);
            result = s.Select(count, s.Or(s.ShiftRight(a, count), s.ShiftLeft(b, back)), a);
            cf = s.And(s.ShiftRight(a, s.Subtract(count, one)), one);
        }
        else
        {
            V whole = s.Or(s.Bits == 32 ? a : s.Or(a, s.ShiftLeft(a, s.Constant(32))), s.ShiftLeft(b, s.Constant((ulong)s.Bits)));
            result = s.Truncate(s.ShiftRight(whole, count));
            cf = s.And(s.ShiftRight(whole, s.Subtract(count, one)), one);
        }

        V carries = FlagMath.Carries(ref s, cf, ShiftOverflow.Right(ref s, a, b), s.Constant(0));

        s.WriteDestination(result);
        if (s.Faulted)
        {
            return;
        }

        if (TCount.IsNeverZero)
        {
            s.FlagResult = s.SignExtend(result);
            s.FlagCarries = carries;
        }
        else
        {
            s.FlagResult = s.Select(count, s.SignExtend(result), s.FlagResult);
            s.FlagCarries = s.Select(count, carries, s.FlagCarries);
        }
    }
}
