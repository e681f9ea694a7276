using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Where the last source of an instruction on YMM registers is, as a type.</summary>
internal unsafe interface IWideSource
{
    /// <summary>It is memory.</summary>
    static abstract bool IsMemory { get; }

    /// <summary>Reads it, zero-extended.</summary>
    /// <returns>False when it faulted.</returns>
    static abstract bool TryLoad(X86State* state, Op* op, out Vector256<byte> value);
}
