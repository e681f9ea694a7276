using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The meaning of an instruction on YMM registers that is not the same thing twice. Shorter operands come zero-extended, and only as much of the result as the destination holds is stored.</summary>
internal interface IWide
{
    /// <summary>The new destination.</summary>
    static abstract Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate);
}
