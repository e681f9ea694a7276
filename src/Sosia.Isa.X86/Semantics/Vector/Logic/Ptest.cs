using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PTEST: ZF when no bit of the source is set in the destination, CF when none is set outside it.</summary>
internal readonly struct Ptest : IVectorBinary
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source)
        => FlagWords.Create(
            zero: (destination & source) == Vector128<byte>.Zero,
            parity: false,
            carry: Vector128.AndNot(source, destination) == Vector128<byte>.Zero);
}
