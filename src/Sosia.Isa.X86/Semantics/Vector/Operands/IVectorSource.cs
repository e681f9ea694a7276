using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Where a vector instruction's source operand is, as a type, so that each form gets its own machine code.</summary>
internal unsafe interface IVectorSource
{
    /// <summary>It is an XMM register.</summary>
    static abstract bool IsXmm { get; }

    /// <summary>It is an MMX register.</summary>
    static abstract bool IsMmx { get; }

    /// <summary>It is memory.</summary>
    static abstract bool IsMemory { get; }

    /// <summary>Reads it, zero-extended.</summary>
    /// <returns>False when it faulted.</returns>
    static abstract bool TryLoad(X86State* state, Op* op, out Vector128<byte> value);
}
