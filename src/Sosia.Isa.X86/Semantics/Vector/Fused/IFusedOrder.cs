namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Which operands of a fused multiply-add are multiplied: the digits of its mnemonic.</summary>
internal unsafe interface IFusedOrder
{
    /// <summary>x × y + z out of the three operands in their order.</summary>
    static abstract void Arrange(byte* destination, byte* first, byte* source, out byte* x, out byte* y, out byte* z);
}
