namespace Sosia.Isa.X86.Semantics;

/// <summary>The meaning of an instruction, written once for every engine.</summary>
public interface IInstruction
{
    /// <summary>Does (or records) what the instruction does to one set of operands.</summary>
    /// <typeparam name="S">How values are worked on.</typeparam>
    /// <typeparam name="V">What a value is.</typeparam>
    static abstract void Execute<S, V>(ref S s)
        where S : struct, ISemantics<V>;
}
