using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Where the destination of an instruction on YMM registers is, as a type.</summary>
internal unsafe interface IWideDestination
{
    /// <summary>It is memory.</summary>
    static abstract bool IsMemory { get; }

    /// <summary>The first operand, in VEX.vvvv or in the place of a destination that is only read; meaningless for instructions with one source.</summary>
    static abstract Vector256<byte> LoadFirst(X86State* state, Op* op);

    /// <summary>Writes as much of the result as it holds.</summary>
    /// <returns>False when it faulted; nothing is written then.</returns>
    static abstract bool TryStore(X86State* state, Op* op, Vector256<byte> value);
}
