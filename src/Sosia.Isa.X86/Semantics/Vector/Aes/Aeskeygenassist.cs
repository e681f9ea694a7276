using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>AESKEYGENASSIST.</summary>
internal readonly struct Aeskeygenassist : IVectorImmediate
{
    public static Vector128<byte> Compute(Vector128<byte> destination, Vector128<byte> source, byte immediate)
    {
        // The round constant enters by exclusive or, so that one with zero leaves it to be added afterwards.
        Vector128<byte> words = Aes.IsSupported ? Aes.KeygenAssist(source, 0) : PortableAes.KeygenAssist(source);
        return words ^ Vector128.Create(0u, immediate, 0, immediate).AsByte();
    }
}
