using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics.Vector;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Masked moves and gathers (SDM vol. 2, VMASKMOV, VPMASKMOV, VGATHERDPD and its kin, VPGATHERDD and its kin).</summary>
internal static unsafe class VexMemoryRows
{
    public static void Add(RowBuilder t)
    {
        Masked(t, "W0", "2C", "2E", "maskmovps", CpuFeature.Avx, &MaskedMove.Load32, &MaskedMove.Store32);
        Masked(t, "W0", "2D", "2F", "maskmovpd", CpuFeature.Avx, &MaskedMove.Load64, &MaskedMove.Store64);
        Masked(t, "W0", "8C", "8E", "pmaskmovd", CpuFeature.Avx2, &MaskedMove.Load32, &MaskedMove.Store32);
        Masked(t, "W1", "8C", "8E", "pmaskmovq", CpuFeature.Avx2, &MaskedMove.Load64, &MaskedMove.Store64);
        t.Family("gather", CpuFeature.Avx2);
        Gathered(t, "W0", "90", "vpgatherdd", "x", "d", &Gather.Load32By32);
        Gathered(t, "W1", "90", "vpgatherdq", "x", "q", &Gather.Load64By32);
        Gathered(t, "W0", "91", "vpgatherqd", "o", "d", &Gather.Load32By64);
        Gathered(t, "W1", "91", "vpgatherqq", "x", "q", &Gather.Load64By64);
        Gathered(t, "W0", "92", "vgatherdps", "x", "d", &Gather.Load32By32);
        Gathered(t, "W1", "92", "vgatherdpd", "x", "q", &Gather.Load64By32);
        Gathered(t, "W0", "93", "vgatherqps", "o", "d", &Gather.Load32By64);
        Gathered(t, "W1", "93", "vgatherqpd", "x", "q", &Gather.Load64By64);
    }

    private static void Masked(RowBuilder t, string w, string load, string store, string mnemonic, CpuFeature feature, delegate*<X86Cpu, Op*, void> loads, delegate*<X86Cpu, Op*, void> stores)
    {
        for (int length = 0; length < 2; length++)
        {
            t.Vex(feature, $"L{length}.66.0F38.{w} {load} /r", mnemonic, "Vx,Hx,Mx", InstructionBinding.Helper(loads));
            t.Vex(feature, $"L{length}.66.0F38.{w} {store} /r", mnemonic, "Mx,Hx,Vx", InstructionBinding.Helper(stores));
        }
    }

    private static void Gathered(RowBuilder t, string w, string opcode, string mnemonic, string size, string element, delegate*<X86Cpu, Op*, void> gather)
    {
        for (int length = 0; length < 2; length++)
        {
            t.Row($"VEX.L{length}.66.0F38.{w} {opcode} /r", mnemonic, $"V{size},M{element},H{size}", InstructionBinding.Helper(gather), RowFlags.VectorIndex);
        }
    }
}
