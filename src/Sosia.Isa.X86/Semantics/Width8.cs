namespace Sosia.Isa.X86.Semantics;

/// <summary>8-bit operands.</summary>
public readonly struct Width8 : IWidth
{
    /// <inheritdoc/>
    public static int Bits => 8;
}
