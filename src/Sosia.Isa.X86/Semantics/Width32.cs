namespace Sosia.Isa.X86.Semantics;

/// <summary>32-bit operands.</summary>
public readonly struct Width32 : IWidth
{
    /// <inheritdoc/>
    public static int Bits => 32;
}
