using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>RSQRTSS.</summary>
internal readonly struct Rsqrtss : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => destination.AsUInt32().WithElement(0, Reciprocal.InverseSquareRoot(source.AsUInt32().ToScalar())).AsByte();
}
