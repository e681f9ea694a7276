namespace Sosia.Isa.X86.Semantics;

/// <summary>The operand is <see cref="OperandPlace.Register"/>.</summary>
public readonly struct InRegister : IPlace
{
    /// <inheritdoc/>
    public static OperandPlace Place => OperandPlace.Register;

    /// <inheritdoc/>
    public static bool IsLocked => false;
}
