namespace Sosia.Isa.X86.Semantics;

/// <summary>The operand is <see cref="OperandPlace.Memory"/> of an instruction with LOCK, or of XCHG.</summary>
public readonly struct InLockedMemory : IPlace
{
    /// <inheritdoc/>
    public static OperandPlace Place => OperandPlace.Memory;

    /// <inheritdoc/>
    public static bool IsLocked => true;
}
