using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.Vector;

// SAFETY: the caller gives addresses of whole elements.
/// <summary>binary32.</summary>
internal readonly unsafe struct Fused32 : IFusedFormat
{
    private const uint SignBit = 1u << 31;

    public static int ByteCount => sizeof(uint);

    public static void Compute(byte* x, byte* y, byte* z, bool negateProduct, bool negateAddend, byte* result, ref FpEnvironment env)
        => *(uint*)result = Float32.FusedMultiplyAdd(Signed(*(uint*)x, negateProduct), *(uint*)y, Signed(*(uint*)z, negateAddend), ref env);

    // A NaN keeps its sign.
    private static uint Signed(uint value, bool negate) => negate && !Float32.IsNan(value) ? value ^ SignBit : value;
}
