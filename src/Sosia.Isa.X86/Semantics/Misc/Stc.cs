using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>STC: CF = 1.</summary>
internal readonly struct Stc : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        FlagMath.SetCf(ref s, s.Constant(1));
    }
}
