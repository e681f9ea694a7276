using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.Semantics.Alu;
using Sosia.Isa.X86.Semantics.Bits;
using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Width changes, bit tests, bit counts, BMI and CRC32 (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class BitRows
{
    public static void Add(RowBuilder t)
    {
        t.Family("extend");
        t.Row("0F B6 /r", "movzx", "Gv,Eb", Load<Movzx<Width8>>());
        t.Row("0F B7 /r", "movzx", "Gv,Ew", Load<Movzx<Width16>>());
        t.Row("0F BE /r", "movsx", "Gv,Eb", Load<Movsx<Width8>>());
        t.Row("0F BF /r", "movsx", "Gv,Ew", Load<Movsx<Width16>>());
        t.Row("o16 63 /r", "movsxd", "Gv,Ew", Load<Movsx<Width16>>(), RowFlags.Only64);
        t.Row("63 /r", "movsxd", "Gv,Ed", Load<Movsx<Width32>>(), RowFlags.Only64);
        t.Row("0F C8+r", "bswap", "Zv", Unary<Bswap>());
        t.Row("NP 0F 38 F0 /r", "movbe", "Gv,M", Load<Movbe>(), feature: CpuFeature.Movbe);
        t.Row("66 0F 38 F0 /r", "movbe", "Gv,M", Load<Movbe>(), feature: CpuFeature.Movbe);
        t.Row("NP 0F 38 F1 /r", "movbe", "Mv,Gv", Binary<Movbe>(), feature: CpuFeature.Movbe);
        t.Row("66 0F 38 F1 /r", "movbe", "Mv,Gv", Binary<Movbe>(), feature: CpuFeature.Movbe);
        t.Row("NP 0F C3 /r", "movnti", "My,Gy", Binary<Mov>(), feature: CpuFeature.Sse2);

        t.Family("bits");
        BitTest<Keep>(t, "A3", 4, "bt", RowFlags.ReadsOnly);
        BitTest<SetBit>(t, "AB", 5, "bts", RowFlags.Lockable);
        BitTest<ResetBit>(t, "B3", 6, "btr", RowFlags.Lockable);
        BitTest<ComplementBit>(t, "BB", 7, "btc", RowFlags.Lockable);
        t.Row("0F BC /r", "bsf", "Gv,Ev", Load<Bsf>());
        t.Row("0F BD /r", "bsr", "Gv,Ev", Load<Bsr>());
        t.Row("F3 0F B8 /r", "popcnt", "Gv,Ev", Load<Popcnt>(), feature: CpuFeature.Popcnt);
        t.Row("F3 0F BC /r", "tzcnt", "Gv,Ev", Load<Tzcnt>(), feature: CpuFeature.Bmi1);
        t.Row("F3 0F BD /r", "lzcnt", "Gv,Ev", Load<Lzcnt>(), feature: CpuFeature.Lzcnt);

        t.Family("bmi", CpuFeature.Bmi1);
        t.Row("VEX.L0.NP.0F38 F2 /r", "andn", "Gy,By,Ey", Load<Andn>());
        t.Row("VEX.L0.NP.0F38 F3 /1", "blsr", "By,Ey", Load<Blsr>());
        t.Row("VEX.L0.NP.0F38 F3 /2", "blsmsk", "By,Ey", Load<Blsmsk>());
        t.Row("VEX.L0.NP.0F38 F3 /3", "blsi", "By,Ey", Load<Blsi>());
        t.Row("VEX.L0.NP.0F38 F7 /r", "bextr", "Gy,Ey,By", Load<Bextr>());
        t.Family("bmi", CpuFeature.Bmi2);
        t.Row("VEX.L0.NP.0F38 F5 /r", "bzhi", "Gy,Ey,By", Load<Bzhi>());
        t.Row("VEX.L0.F2.0F38 F5 /r", "pdep", "Gy,By,Ey", Load<Pdep>());
        t.Row("VEX.L0.F3.0F38 F5 /r", "pext", "Gy,By,Ey", Load<Pext>());
        t.Row("VEX.L0.66.0F38 F7 /r", "shlx", "Gy,Ey,By", Load<Shlx>());
        t.Row("VEX.L0.F2.0F38 F7 /r", "shrx", "Gy,Ey,By", Load<Shrx>());
        t.Row("VEX.L0.F3.0F38 F7 /r", "sarx", "Gy,Ey,By", Load<Sarx>());
        t.Row("VEX.L0.F2.0F3A F0 /r", "rorx", "Gy,Ey,Ib", Load<Rorx>());

        t.Family("crc32", CpuFeature.Sse42);
        t.Row("F2 0F 38 F0 /r", "crc32", "Gy,Eb", Load<Crc32<Width8>>());
        t.Row("F2 0F 38 F1 /r", "crc32", "Gy,Ev", Custom(&BitForms.SelectCrc32));
    }

    private static void BitTest<TOperation>(RowBuilder t, string opcode, int digit, string mnemonic, RowFlags flags)
        where TOperation : struct, IBitOperation
    {
        t.Row($"0F {opcode} /r", mnemonic, "Ev,Gv", LockableBinary<BitTest<TOperation>>(), flags);
        t.Row($"0F BA /{digit}", mnemonic, "Ev,Ib", LockableBinary<BitTest<TOperation>>(), flags);
    }
}
