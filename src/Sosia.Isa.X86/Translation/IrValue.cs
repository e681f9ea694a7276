namespace Sosia.Isa.X86.Translation;

/// <summary>A value in an intermediate block, as the meanings handle it.</summary>
/// <param name="Index">The instruction that defines it.</param>
public readonly record struct IrValue(int Index);
