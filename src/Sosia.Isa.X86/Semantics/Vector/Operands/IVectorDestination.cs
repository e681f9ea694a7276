using System.Runtime.Intrinsics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Where a vector instruction's destination operand is, as a type, so that each form gets its own machine code.</summary>
internal unsafe interface IVectorDestination
{
    /// <summary>It is an XMM register.</summary>
    static abstract bool IsXmm { get; }

    /// <summary>It is an MMX register.</summary>
    static abstract bool IsMmx { get; }

    /// <summary>The instruction has a VEX prefix: the rules of AVX state apply to it.</summary>
    static abstract bool IsVex { get; }

    /// <summary>It is memory.</summary>
    static abstract bool IsMemory { get; }

    /// <summary>Its old value, zero-extended; zero for destinations that are only written.</summary>
    static abstract Vector128<byte> Load(X86State* state, Op* op);

    /// <summary>Writes as much of the result as it holds.</summary>
    /// <returns>False when it faulted; nothing is written then.</returns>
    static abstract bool TryStore(X86State* state, Op* op, Vector128<byte> value);
}
