using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>SAHF: SF, ZF, AF, PF and CF from AH; OF stays.</summary>
internal readonly struct Sahf : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V ah = s.ShiftRight(s.ReadRegister16(0), s.Constant(8));
        V one = s.Constant(1);
        V cf = s.And(ah, one);
        V pf = s.And(s.ShiftRight(ah, s.Constant(2)), one);
        V af = s.And(s.ShiftRight(ah, s.Constant(4)), one);
        V zf = s.And(s.ShiftRight(ah, s.Constant(6)), one);
        V sf = s.And(s.ShiftRight(ah, s.Constant(7)), one);
        V of = FlagMath.Of<S, V>(ref s);
        // The result word is 0 for ZF, else 0x100: both positive with even parity, which the carry word's low bits correct.
        s.FlagResult = s.Select(zf, s.Constant(0), s.Constant(0x100));
        V corrections = s.Or(s.ShiftLeft(sf, one), s.Xor(pf, one));
        s.FlagCarries = s.Or(FlagMath.Carries(ref s, cf, of, af), corrections);
    }
}
