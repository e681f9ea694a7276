using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>INSERTPS with a register source: one doubleword of the source replaces one of the destination, and some become zero.</summary>
internal readonly struct InsertpsRegister : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
        => InsertpsMemory.Compute(destination, Vector128.CreateScalar(source.AsUInt32().GetElement(immediate >> 6)).AsByte(), immediate);
}
