namespace Sosia.Isa.X86.Semantics;

/// <summary>16-bit operands.</summary>
public readonly struct Width16 : IWidth
{
    /// <inheritdoc/>
    public static int Bits => 16;
}
