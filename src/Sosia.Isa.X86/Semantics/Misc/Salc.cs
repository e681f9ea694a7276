using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>SALC: AL = CF ? FF : 0 (undocumented; on every processor outside 64-bit code).</summary>
internal readonly struct Salc : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V al = s.And(s.Subtract(s.Constant(0), FlagMath.Cf<S, V>(ref s)), s.Constant(0xff));
        s.WriteRegister16(0, s.Or(s.And(s.ReadRegister16(0), s.Constant(0xff00)), al));
    }
}
