using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>LAHF: SF, ZF, AF, PF, 1 and CF to AH.</summary>
internal readonly struct Lahf : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V flags = s.Or(s.Constant(2), FlagMath.Cf<S, V>(ref s));
        flags = s.Or(flags, s.ShiftLeft(FlagMath.Pf<S, V>(ref s), s.Constant(2)));
        flags = s.Or(flags, s.ShiftLeft(FlagMath.Af<S, V>(ref s), s.Constant(4)));
        flags = s.Or(flags, s.ShiftLeft(FlagMath.Zf<S, V>(ref s), s.Constant(6)));
        flags = s.Or(flags, s.ShiftLeft(FlagMath.Sf<S, V>(ref s), s.Constant(7)));
        V al = s.And(s.ReadRegister16(0), s.Constant(0xff));
        s.WriteRegister16(0, s.Or(al, s.ShiftLeft(flags, s.Constant(8))));
    }
}
