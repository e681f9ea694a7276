using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>INSERTPS with a memory source, which is one doubleword.</summary>
internal readonly struct InsertpsMemory : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        Vector128<uint> result = destination.AsUInt32().WithElement((immediate >> 4) & 3, source.AsUInt32().ToScalar());
        return Blendps.Compute(result.AsByte(), Vector128<byte>.Zero, immediate);
    }
}
