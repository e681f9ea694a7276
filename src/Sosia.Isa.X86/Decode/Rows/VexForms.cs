using Sosia.Isa.X86.Semantics.Vector;
using static Sosia.Isa.X86.Semantics.Vector.WideBindings;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Declares the VEX.128 and VEX.256 forms of a meaning that SSE has too, or that works on both halves of a YMM register alike.</summary>
internal static class VexForms
{
    private const CpuFeature Avx = CpuFeature.Avx;

    /// <summary>A row of the group of its feature, with "v" in front of the mnemonic.</summary>
    /// <param name="t">The table.</param>
    /// <param name="feature">AVX, AVX2 or another.</param>
    /// <param name="encoding">What follows "VEX.".</param>
    /// <param name="mnemonic">SSE's mnemonic.</param>
    /// <param name="operands">The operands.</param>
    /// <param name="binding">The meaning.</param>
    /// <param name="flags">Properties.</param>
    public static void Vex(this RowBuilder t, CpuFeature feature, string encoding, string mnemonic, string operands, InstructionBinding binding, RowFlags flags = RowFlags.None)
        => t.RowOf(feature == Avx ? "avx" : feature == CpuFeature.Avx2 ? "avx2" : "avx-special", feature, "VEX." + encoding, "v" + mnemonic, operands, binding, Unsigned(operands, flags));

    /// <summary>Both lengths of an instruction that does the same thing in each half.</summary>
    public static void Lanes<TInsn>(this RowBuilder t, string encoding, string mnemonic, CpuFeature wide, string operands = "Vx,Hx,Wx")
        where TInsn : struct, IVectorImmediate
        => Lanes<TInsn, Nought>(t, encoding, mnemonic, wide, operands);

    /// <summary>As the other overload, where the upper half uses the immediate's bits from a number on.</summary>
    public static void Lanes<TInsn, TCount>(this RowBuilder t, string encoding, string mnemonic, CpuFeature wide, string operands = "Vx,Hx,Wx")
        where TInsn : struct, IVectorImmediate
        where TCount : struct, IConstantInteger
    {
        Vex(t, wide == CpuFeature.Avx2 && IsNewWithAvx2(mnemonic) ? wide : Avx, "L0." + encoding, mnemonic, operands, VexWith<TInsn, FromMemory16>());
        Vex(t, wide, "L1." + encoding, mnemonic, operands, Ymm<EachLane<TInsn, TCount>>());
    }

    /// <summary>Both lengths of an instruction under MXCSR that does the same thing in each half.</summary>
    public static void FloatLanes<TInsn>(this RowBuilder t, string encoding, string mnemonic, string operands = "Vx,Hx,Wx")
        where TInsn : struct, IVectorFloat
    {
        Vex(t, Avx, "L0." + encoding, mnemonic, operands, VexFloat<TInsn, FromMemory16>());
        Vex(t, Avx, "L1." + encoding, mnemonic, operands, WideFloat<EachFloatLane<TInsn>, FromYmm, FromMemory32>());
    }

    /// <summary>A scalar instruction under MXCSR; VEX.L does not matter.</summary>
    public static void Scalar<TInsn, TMemory>(this RowBuilder t, string encoding, string mnemonic, string operands)
        where TInsn : struct, IVectorFloat
        where TMemory : struct, IVectorSource
        => Vex(t, Avx, "LIG." + encoding, mnemonic, operands, VexFloat<TInsn, TMemory>());

    // Instructions of two lengths that AVX does not have at all.
    private static bool IsNewWithAvx2(string mnemonic) => mnemonic is "pblendd" or "psllvd" or "psllvq" or "psrlvd" or "psrlvq" or "psravd";

    private static RowFlags Unsigned(string operands, RowFlags flags) => operands.EndsWith("Ib", System.StringComparison.Ordinal) ? flags | RowFlags.UnsignedImmediate : flags;
}
