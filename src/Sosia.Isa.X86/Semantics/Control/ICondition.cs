namespace Sosia.Isa.X86.Semantics.Control;

/// <summary>One of the sixteen conditions of Jcc, SETcc and CMOVcc.</summary>
public interface ICondition
{
    /// <summary>The low four bits of the opcodes that have it.</summary>
    static abstract int Number { get; }

    /// <summary>1 when the condition holds, else 0.</summary>
    static abstract V Holds<S, V>(ref S s)
        where S : struct, ISemantics<V>;
}
