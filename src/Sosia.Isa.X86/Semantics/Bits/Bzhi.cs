using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>BZHI: the bits below the index in VEX.vvvv; CF when the index is beyond the operand.</summary>
internal readonly struct Bzhi : IInstruction
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


        V index = s.And(s.ReadThird(), s.Constant(0xff));
        V one = s.Constant(1);
        V isWithin = s.LessUnsigned(index, s.Constant((ulong)s.Bits));
        V result = s.Select(isWithin, s.And(value, s.Subtract(s.ShiftLeft(one, index), one)), value);
        s.WriteDestination(result);
        s.FlagResult = s.SignExtend(result);
        s.FlagCarries = FlagMath.Carries(ref s, s.Xor(isWithin, one), s.Constant(0), s.Constant(0));
    }
}
