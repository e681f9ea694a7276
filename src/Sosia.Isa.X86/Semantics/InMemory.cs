namespace Sosia.Isa.X86.Semantics;

/// <summary>The operand is <see cref="OperandPlace.Memory"/>.</summary>
public readonly struct InMemory : IPlace
{
    /// <inheritdoc/>
    public static OperandPlace Place => OperandPlace.Memory;

    /// <inheritdoc/>
    public static bool IsLocked => false;
}
