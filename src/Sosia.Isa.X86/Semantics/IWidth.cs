namespace Sosia.Isa.X86.Semantics;

/// <summary>An operand width as a type, so that each width gets its own machine code.</summary>
public interface IWidth
{
    /// <summary>8, 16, 32 or 64.</summary>
    static abstract int Bits { get; }
}
