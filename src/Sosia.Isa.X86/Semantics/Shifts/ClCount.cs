using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>The count is CL.</summary>
internal readonly struct ClCount : IShiftCount
{
    /// <inheritdoc/>
    public static bool IsNeverZero => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Read<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.ReadThird();
}
