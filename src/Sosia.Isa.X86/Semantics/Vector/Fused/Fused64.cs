using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the caller gives addresses of whole elements.
/// <summary>binary64.</summary>
internal readonly unsafe struct Fused64 : IFusedFormat
{
    private const ulong SignBit = 1UL << 63;

    public static int ByteCount => sizeof(ulong);

    public static void Compute(byte* x, byte* y, byte* z, bool negateProduct, bool negateAddend, byte* result, ref FpEnvironment env)
        => *(ulong*)result = Float64.FusedMultiplyAdd(Signed(*(ulong*)x, negateProduct), *(ulong*)y, Signed(*(ulong*)z, negateAddend), ref env);

    // A NaN keeps its sign.
    private static ulong Signed(ulong value, bool negate) => negate && !Float64.IsNan(value) ? value ^ SignBit : value;
}
