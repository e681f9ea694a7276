using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The meaning of a vector instruction whose result depends on its source alone.</summary>
internal interface IVectorUnary
{
    /// <summary>The new destination.</summary>
    static abstract Vector128<byte> Compute(Vector128<byte> source);
}
