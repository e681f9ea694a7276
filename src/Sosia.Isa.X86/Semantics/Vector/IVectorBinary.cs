using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>
/// The meaning of a vector instruction without immediate. Operands shorter than 16 bytes (MMX registers, scalars in memory, general
/// registers) come zero-extended, and only as much of the result as the destination holds is stored.
/// </summary>
internal interface IVectorBinary
{
    /// <summary>The new destination.</summary>
    static abstract Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source);
}
