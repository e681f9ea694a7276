namespace Sosia.Isa.X86.Semantics;

/// <summary>64-bit operands.</summary>
public readonly struct Width64 : IWidth
{
    /// <inheritdoc/>
    public static int Bits => 64;
}
