using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Strings;

/// <summary>What a string instruction does to one element, and to many at once.</summary>
internal unsafe interface IStringStep
{
    /// <summary>True for CMPS and SCAS, whose repetition also ends by ZF.</summary>
    static abstract bool Compares { get; }

    /// <summary>One element: accesses, indexes and flags, but not the counter.</summary>
    /// <returns>False when it faulted; nothing was committed.</returns>
    static abstract bool One(X86State* state, Op* op);

    /// <summary>As many elements as can be done at once in plain RAM, with indexes and flags but not the counter.</summary>
    /// <param name="state">The state.</param>
    /// <param name="op">The operation.</param>
    /// <param name="count">How many are wanted, at least 1.</param>
    /// <returns>How many were done; 0 when <see cref="One"/> must go first.</returns>
    static abstract ulong Many(X86State* state, Op* op, ulong count);
}
