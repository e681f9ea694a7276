using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>SHLD. 16-bit counts above 16 are undefined; processors then go on with the destination's own bits.</summary>
internal readonly struct Shld<TCount> : IInstruction
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
            result = s.Select(count, s.Or(s.ShiftLeft(a, count), s.ShiftRight(b, back)), a);
            cf = s.And(s.ShiftRight(a, back), one);
        }
        else
        {
            V whole = s.Or(s.ShiftLeft(a, s.Constant(32)), s.Bits == 32 ? b : s.Or(s.ShiftLeft(b, s.Constant(16)), a));
            result = s.Truncate(s.ShiftRight(s.ShiftLeft(whole, count), s.Constant(32)));
            cf = s.And(s.ShiftRight(whole, s.Subtract(s.Constant((ulong)(32 + s.Bits)), count)), one);
        }

        V carries = FlagMath.Carries(ref s, cf, ShiftOverflow.Left(ref s, a), s.Constant(0));

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
