using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>RCPPS.</summary>
internal readonly struct Rcpps : IVectorUnary
{
    public static Vector128<byte> Compute(Vector128<byte> source)
    {
        Vector128<uint> a = source.AsUInt32();
        return Vector128.Create(Reciprocal.Inverse(a.ToScalar()), Reciprocal.Inverse(a.GetElement(1)), Reciprocal.Inverse(a.GetElement(2)), Reciprocal.Inverse(a.GetElement(3))).AsByte();
    }
}
