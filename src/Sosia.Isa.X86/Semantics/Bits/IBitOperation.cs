namespace Sosia.Isa.X86.Semantics.Bits;

/// <summary>What BT and its kin do with the selected bit after CF took it.</summary>
internal interface IBitOperation
{
    /// <summary>False for BT, which only reads.</summary>
    static abstract bool Writes { get; }

    /// <summary>The new operand.</summary>
    static abstract V Apply<S, V>(ref S s, V value, V mask)
        where S : struct, ISemantics<V>;
}
