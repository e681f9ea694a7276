namespace Sosia.Isa.X86.Semantics;

/// <summary>An operand's place as a type, so that each form of an instruction gets its own machine code.</summary>
public interface IPlace
{
    /// <summary>The place.</summary>
    static abstract OperandPlace Place { get; }
}
