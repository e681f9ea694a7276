using System.Runtime.CompilerServices;

namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>The count is the immediate.</summary>
internal readonly struct ImmediateCount : IShiftCount
{
    /// <inheritdoc/>
    public static bool IsNeverZero => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Read<S, V>(ref S s)
        where S : struct, ISemantics<V>
        => s.ReadImmediate();
}
