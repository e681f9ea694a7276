namespace Sosia.Isa.X86.Semantics.Shifts;

/// <summary>One kind of shift or rotation: its result and its carry word.</summary>
internal interface IShift
{
    /// <summary>True for rotations, which leave SF, ZF, AF and PF alone.</summary>
    static abstract bool KeepsResultFlags { get; }

    /// <summary>The result, cut to the operand width.</summary>
    /// <param name="s">The semantics.</param>
    /// <param name="a">The operand.</param>
    /// <param name="count">The count, masked to 5 or 6 bits; a result for 0 must be the operand itself.</param>
    static abstract V Result<S, V>(ref S s, V a, V count)
        where S : struct, ISemantics<V>;

    /// <summary>CF and OF of a shift by a count that is not 0, as bits 63 and 62 of the lazy carry word (any value for count 0).</summary>
    static abstract V Carries<S, V>(ref S s, V a, V count, V result)
        where S : struct, ISemantics<V>;
}
