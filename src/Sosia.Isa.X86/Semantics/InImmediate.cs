namespace Sosia.Isa.X86.Semantics;

/// <summary>The operand is <see cref="OperandPlace.Immediate"/>.</summary>
public readonly struct InImmediate : IPlace
{
    /// <inheritdoc/>
    public static OperandPlace Place => OperandPlace.Immediate;

    /// <inheritdoc/>
    public static bool IsLocked => false;
}
