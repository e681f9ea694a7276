using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Multiply;

/// <summary>CBW, CWDE, CDQE: the accumulator's lower half sign-extended over the whole.</summary>
internal readonly struct Cbw : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        V half = s.ReadRegister(0);
        s.WriteRegister(0, s.Truncate(s.SignExtend(half, s.Bits / 2)));
    }
}
