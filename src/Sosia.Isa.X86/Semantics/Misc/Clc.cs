using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>CLC: CF = 0.</summary>
internal readonly struct Clc : IInstruction
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>
    {
        FlagMath.SetCf(ref s, s.Constant(0));
    }
}
