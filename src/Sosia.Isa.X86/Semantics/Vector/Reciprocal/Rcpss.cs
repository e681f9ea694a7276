using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>RCPSS.</summary>
internal readonly struct Rcpss : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => destination.AsUInt32().WithElement(0, Reciprocal.Inverse(source.AsUInt32().ToScalar())).AsByte();
}
