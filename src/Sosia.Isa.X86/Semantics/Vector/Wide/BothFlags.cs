using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Flags that are set when they would be set for both halves (see <see cref="FlagWords"/>).</summary>
internal readonly struct BothFlags<TInsn> : IWide
    where TInsn : struct, IVectorImmediate
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Compute(Vector256<byte> first, Vector256<byte> source, byte immediate)
    {
        Vector128<byte> low = TInsn.Compute(first.GetLower(), source.GetLower(), immediate);
        Vector128<byte> high = TInsn.Compute(first.GetUpper(), source.GetUpper(), immediate);
        // The result word is 0 for ZF, and the carry word's top bits are CF; PF is clear in both.
        return Vector256.Create(Vector128.Create((low | high).GetLower(), (low & high).GetUpper()), Vector128<byte>.Zero);
    }
}
