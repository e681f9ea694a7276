namespace Sosia.Isa.X86.Semantics;

/// <summary>An operand's place as a type, so that each form of an instruction gets its own machine code.</summary>
public interface IPlace
{
    /// <summary>The place.</summary>
    static abstract OperandPlace Place { get; }

    /// <summary>True when reading and writing it must be one atomic access of the host's.</summary>
    /// <remarks>Not a default of the interface: the ahead-of-time compiler leaves out what calls one.</remarks>
    static abstract bool IsLocked { get; }
}
