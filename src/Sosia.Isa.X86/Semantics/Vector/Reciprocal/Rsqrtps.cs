using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>RSQRTPS.</summary>
internal readonly struct Rsqrtps : IVectorUnary
{
    public static Vector128<byte> Compute(Vector128<byte> source)
    {
        Vector128<uint> a = source.AsUInt32();
        return Vector128.Create(
            Reciprocal.InverseSquareRoot(a.ToScalar()),
            Reciprocal.InverseSquareRoot(a.GetElement(1)),
            Reciprocal.InverseSquareRoot(a.GetElement(2)),
            Reciprocal.InverseSquareRoot(a.GetElement(3))).AsByte();
    }
}
