using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The meaning of a vector instruction with an immediate byte; otherwise as <see cref="IVectorBinary"/>.</summary>
internal interface IVectorImmediate
{
    /// <summary>The new destination.</summary>
    static abstract Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate);
}
