using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>CMC: CF inverted.</summary>
internal readonly struct Cmc : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        FlagMath.SetCf(ref s, s.Xor(FlagMath.Cf<S, V>(ref s), s.Constant(1)));
    }
}
