using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>CWD, CDQ, CQO: the accumulator's sign in all bits of rDX.</summary>
internal readonly struct Cwd : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V sign = s.ShiftRightArithmetic(s.SignExtend(s.ReadRegister(0)), s.Constant(63));
        s.WriteRegister(2, s.Truncate(sign));
    }
}
