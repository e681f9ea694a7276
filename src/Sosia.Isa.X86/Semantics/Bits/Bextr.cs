using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BEXTR: the field whose start (bits 0–7) and length (bits 8–15) VEX.vvvv gives.</summary>
internal readonly struct Bextr : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V value = s.ReadSource();
        if (s.Faulted)
        {
            return;
        }


        V control = s.ReadThird();
        V byteMask = s.Constant(0xff);
        V start = s.And(control, byteMask);
        V length = s.And(s.ShiftRight(control, s.Constant(8)), byteMask);
        V limit = s.Constant(64);
        V zero = s.Constant(0);
        V field = s.Select(s.LessUnsigned(start, limit), s.ShiftRight(value, start), zero);
        V one = s.Constant(1);
        V mask = s.Select(s.LessUnsigned(length, limit), s.Subtract(s.ShiftLeft(one, length), one), s.Not(zero));
        V result = s.And(field, mask);
        s.WriteDestination(result);
        FlagMath.SetLogic(ref s, result);
    }
}
