using Sosia.Isa.X86.Semantics.Vector;
using static Sosia.Isa.X86.Semantics.Vector.VectorBindings;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Floating-point instructions on XMM registers, SSE to SSE4.1 (SDM vol. 2, each under its mnemonic).</summary>
internal static class VectorFloatRows
{
    private const RowFlags Immediate = RowFlags.UnsignedImmediate;

    public static void Add(RowBuilder t)
    {
        AddArithmetic(t);
        AddLogic(t);
        AddCompare(t);
        AddConversions(t);
        AddSse3(t);
        AddSse41(t);
    }

    private static void AddArithmetic(RowBuilder t)
    {
        Arithmetic<FloatSquareRoot>(t, "51", "sqrt");
        Arithmetic<FloatAdd>(t, "58", "add");
        Arithmetic<FloatMultiply>(t, "59", "mul");
        Arithmetic<FloatSubtract>(t, "5C", "sub");
        Choice<FloatMinimum>(t, "5D", "min");
        Arithmetic<FloatDivide>(t, "5E", "div");
        Choice<FloatMaximum>(t, "5F", "max");
        t.Family("sse", CpuFeature.Sse);
        t.Row("NP 0F 52 /r", "rsqrtps", "Vx,Wx", XmmUnary<Rsqrtps>());
        t.Row("F3 0F 52 /r", "rsqrtss", "Vx,Wd", XmmWith<Rsqrtss, FromMemory4>());
        t.Row("NP 0F 53 /r", "rcpps", "Vx,Wx", XmmUnary<Rcpps>());
        t.Row("F3 0F 53 /r", "rcpss", "Vx,Wd", XmmWith<Rcpss, FromMemory4>());
    }

    private static void AddLogic(RowBuilder t)
    {
        Logic<Pand>(t, "54", "and");
        Logic<Pandn>(t, "55", "andn");
        Logic<Por>(t, "56", "or");
        Logic<Pxor>(t, "57", "xor");
        t.Family("sse", CpuFeature.Sse);
        t.Row("NP 0F 14 /r", "unpcklps", "Vx,Wx", Xmm<Punpckldq>());
        t.Row("NP 0F 15 /r", "unpckhps", "Vx,Wx", Xmm<Punpckhdq>());
        t.Row("NP 0F C6 /r", "shufps", "Vx,Wx,Ib", XmmImmediate<Shufps>(), Immediate);
        t.Family("sse2", CpuFeature.Sse2);
        t.Row("66 0F 14 /r", "unpcklpd", "Vx,Wx", Xmm<Punpcklqdq>());
        t.Row("66 0F 15 /r", "unpckhpd", "Vx,Wx", Xmm<Punpckhqdq>());
        t.Row("66 0F C6 /r", "shufpd", "Vx,Wx,Ib", XmmImmediate<Shufpd>(), Immediate);
    }

    private static void AddCompare(RowBuilder t)
    {
        t.Family("sse", CpuFeature.Sse);
        t.Row("NP 0F 2E /r", "ucomiss", "Vx,Wd", Float<Comiss<Yes>, ToFlags, FromXmm, FromMemory4>(), RowFlags.ReadsOnly);
        t.Row("NP 0F 2F /r", "comiss", "Vx,Wd", Float<Comiss<No>, ToFlags, FromXmm, FromMemory4>(), RowFlags.ReadsOnly);
        t.Row("NP 0F C2 /r", "cmpps", "Vx,Wx,Ib", XmmFloat<Cmpps<No>, FromMemory16Aligned>(), Immediate);
        t.Row("F3 0F C2 /r", "cmpss", "Vx,Wd,Ib", XmmFloat<Cmpss<No>, FromMemory4>(), Immediate);
        t.Family("sse2", CpuFeature.Sse2);
        t.Row("66 0F 2E /r", "ucomisd", "Vx,Wq", Float<Comisd<Yes>, ToFlags, FromXmm, FromMemory8>(), RowFlags.ReadsOnly);
        t.Row("66 0F 2F /r", "comisd", "Vx,Wq", Float<Comisd<No>, ToFlags, FromXmm, FromMemory8>(), RowFlags.ReadsOnly);
        t.Row("66 0F C2 /r", "cmppd", "Vx,Wx,Ib", XmmFloat<Cmppd<No>, FromMemory16Aligned>(), Immediate);
        t.Row("F2 0F C2 /r", "cmpsd", "Vx,Wq,Ib", XmmFloat<Cmpsd<No>, FromMemory8>(), Immediate);
    }

    private static void AddConversions(RowBuilder t)
    {
        t.Family("sse", CpuFeature.Sse);
        t.Row("NP 0F 2A /r", "cvtpi2ps", "Vx,Qq", Float<Cvtpi2ps, ToXmm, FromMmx, FromMemory8>());
        t.Row("F3 0F 2A /r", "cvtsi2ss", "Vx,Ed", Float<Cvtsi2ss32, ToXmm, FromGeneral32, FromMemory4>());
        t.Row("F3 REX.W 0F 2A /r", "cvtsi2ss", "Vx,Eq", Float<Cvtsi2ss64, ToXmm, FromGeneral64, FromMemory8>());
        t.Row("NP 0F 2C /r", "cvttps2pi", "Pq,Wq", Float<Cvtps2pi<Yes>, ToMmx, FromXmm, FromMemory8>());
        t.Row("NP 0F 2D /r", "cvtps2pi", "Pq,Wq", Float<Cvtps2pi<No>, ToMmx, FromXmm, FromMemory8>());
        t.Row("F3 0F 2C /r", "cvttss2si", "Gd,Wd", Float<Cvtss2si32<Yes>, ToGeneral32, FromXmm, FromMemory4>());
        t.Row("F3 REX.W 0F 2C /r", "cvttss2si", "Gq,Wd", Float<Cvtss2si64<Yes>, ToGeneral64, FromXmm, FromMemory4>());
        t.Row("F3 0F 2D /r", "cvtss2si", "Gd,Wd", Float<Cvtss2si32<No>, ToGeneral32, FromXmm, FromMemory4>());
        t.Row("F3 REX.W 0F 2D /r", "cvtss2si", "Gq,Wd", Float<Cvtss2si64<No>, ToGeneral64, FromXmm, FromMemory4>());
        t.Family("sse2", CpuFeature.Sse2);
        t.Row("66 0F 2A /r", "cvtpi2pd", "Vx,Qq", From<OfUnary<Cvtdq2pd>, ToXmm, FromMmx, FromMemory8>());
        t.Row("F2 0F 2A /r", "cvtsi2sd", "Vx,Ed", Float<Cvtsi2sd32, ToXmm, FromGeneral32, FromMemory4>());
        t.Row("F2 REX.W 0F 2A /r", "cvtsi2sd", "Vx,Eq", Float<Cvtsi2sd64, ToXmm, FromGeneral64, FromMemory8>());
        t.Row("66 0F 2C /r", "cvttpd2pi", "Pq,Wx", Float<Cvtpd2dq<Yes>, ToMmx, FromXmm, FromMemory16Aligned>());
        t.Row("66 0F 2D /r", "cvtpd2pi", "Pq,Wx", Float<Cvtpd2dq<No>, ToMmx, FromXmm, FromMemory16Aligned>());
        t.Row("F2 0F 2C /r", "cvttsd2si", "Gd,Wq", Float<Cvtsd2si32<Yes>, ToGeneral32, FromXmm, FromMemory8>());
        t.Row("F2 REX.W 0F 2C /r", "cvttsd2si", "Gq,Wq", Float<Cvtsd2si64<Yes>, ToGeneral64, FromXmm, FromMemory8>());
        t.Row("F2 0F 2D /r", "cvtsd2si", "Gd,Wq", Float<Cvtsd2si32<No>, ToGeneral32, FromXmm, FromMemory8>());
        t.Row("F2 REX.W 0F 2D /r", "cvtsd2si", "Gq,Wq", Float<Cvtsd2si64<No>, ToGeneral64, FromXmm, FromMemory8>());
        t.Row("NP 0F 5A /r", "cvtps2pd", "Vx,Wq", XmmFloat<Cvtps2pd, FromMemory8>());
        t.Row("66 0F 5A /r", "cvtpd2ps", "Vx,Wx", XmmFloat<Cvtpd2ps, FromMemory16Aligned>());
        t.Row("F3 0F 5A /r", "cvtss2sd", "Vx,Wd", XmmFloat<Cvtss2sd, FromMemory4>());
        t.Row("F2 0F 5A /r", "cvtsd2ss", "Vx,Wq", XmmFloat<Cvtsd2ss, FromMemory8>());
        t.Row("NP 0F 5B /r", "cvtdq2ps", "Vx,Wx", XmmFloat<Cvtdq2ps, FromMemory16Aligned>());
        t.Row("66 0F 5B /r", "cvtps2dq", "Vx,Wx", XmmFloat<Cvtps2dq<No>, FromMemory16Aligned>());
        t.Row("F3 0F 5B /r", "cvttps2dq", "Vx,Wx", XmmFloat<Cvtps2dq<Yes>, FromMemory16Aligned>());
        t.Row("66 0F E6 /r", "cvttpd2dq", "Vx,Wx", XmmFloat<Cvtpd2dq<Yes>, FromMemory16Aligned>());
        t.Row("F2 0F E6 /r", "cvtpd2dq", "Vx,Wx", XmmFloat<Cvtpd2dq<No>, FromMemory16Aligned>());
        t.Row("F3 0F E6 /r", "cvtdq2pd", "Vx,Wq", XmmUnaryWith<Cvtdq2pd, FromMemory8>());
    }

    private static void AddSse3(RowBuilder t)
    {
        t.Family("sse3", CpuFeature.Sse3);
        t.Row("66 0F 7C /r", "haddpd", "Vx,Wx", XmmFloat<Horizontal64<FloatAdd>, FromMemory16Aligned>());
        t.Row("F2 0F 7C /r", "haddps", "Vx,Wx", XmmFloat<Horizontal32<FloatAdd>, FromMemory16Aligned>());
        t.Row("66 0F 7D /r", "hsubpd", "Vx,Wx", XmmFloat<Horizontal64<FloatSubtract>, FromMemory16Aligned>());
        t.Row("F2 0F 7D /r", "hsubps", "Vx,Wx", XmmFloat<Horizontal32<FloatSubtract>, FromMemory16Aligned>());
        t.Row("66 0F D0 /r", "addsubpd", "Vx,Wx", XmmFloat<Addsubpd, FromMemory16Aligned>());
        t.Row("F2 0F D0 /r", "addsubps", "Vx,Wx", XmmFloat<Addsubps, FromMemory16Aligned>());
    }

    private static void AddSse41(RowBuilder t)
    {
        t.Family("sse4.1", CpuFeature.Sse41);
        t.Row("66 0F 38 14 /r", "blendvps", "Vx,Wx,XMM0", BlendVariable.Doublewords);
        t.Row("66 0F 38 15 /r", "blendvpd", "Vx,Wx,XMM0", BlendVariable.Quadwords);
        t.Row("66 0F 3A 08 /r", "roundps", "Vx,Wx,Ib", XmmFloat<Roundps, FromMemory16Aligned>(), Immediate);
        t.Row("66 0F 3A 09 /r", "roundpd", "Vx,Wx,Ib", XmmFloat<Roundpd, FromMemory16Aligned>(), Immediate);
        t.Row("66 0F 3A 0A /r", "roundss", "Vx,Wd,Ib", XmmFloat<Roundss, FromMemory4>(), Immediate);
        t.Row("66 0F 3A 0B /r", "roundsd", "Vx,Wq,Ib", XmmFloat<Roundsd, FromMemory8>(), Immediate);
        t.Row("66 0F 3A 0C /r", "blendps", "Vx,Wx,Ib", XmmImmediate<Blendps>(), Immediate);
        t.Row("66 0F 3A 0D /r", "blendpd", "Vx,Wx,Ib", XmmImmediate<Blendpd>(), Immediate);
        t.Row("66 0F 3A 17 /r", "extractps", "Ed,Vx,Ib", To<Pextrd, ToGeneral32, ToMemory4, FromXmm>(), Immediate);
        t.Row("66 0F 3A 21 /r", "insertps", "Vx,Ux,Ib", From<InsertpsRegister, ToXmm, FromXmm, FromNone>(), Immediate);
        t.Row("66 0F 3A 21 /r", "insertps", "Vx,Md,Ib", From<InsertpsMemory, ToXmm, FromNone, FromMemory4>(), Immediate);
        t.Row("66 0F 3A 40 /r", "dpps", "Vx,Wx,Ib", XmmFloat<Dpps, FromMemory16Aligned>(), Immediate);
        t.Row("66 0F 3A 41 /r", "dppd", "Vx,Wx,Ib", XmmFloat<Dppd, FromMemory16Aligned>(), Immediate);
    }

    private static void Arithmetic<TOperation>(RowBuilder t, string opcode, string mnemonic)
        where TOperation : struct, IFloatOperation
    {
        t.Family("sse", CpuFeature.Sse);
        t.Row($"NP 0F {opcode} /r", mnemonic + "ps", "Vx,Wx", XmmFloat<Packed32<TOperation>, FromMemory16Aligned>());
        t.Row($"F3 0F {opcode} /r", mnemonic + "ss", "Vx,Wd", XmmFloat<Scalar32<TOperation>, FromMemory4>());
        t.Family("sse2", CpuFeature.Sse2);
        t.Row($"66 0F {opcode} /r", mnemonic + "pd", "Vx,Wx", XmmFloat<Packed64<TOperation>, FromMemory16Aligned>());
        t.Row($"F2 0F {opcode} /r", mnemonic + "sd", "Vx,Wq", XmmFloat<Scalar64<TOperation>, FromMemory8>());
        string packed = TOperation.IsUnary ? "Vx,Wx" : "Vx,Hx,Wx";
        t.FloatLanes<Packed32<TOperation>>($"NP.0F.WIG {opcode} /r", mnemonic + "ps", packed);
        t.FloatLanes<Packed64<TOperation>>($"66.0F.WIG {opcode} /r", mnemonic + "pd", packed);
        t.Scalar<Scalar32<TOperation>, FromMemory4>($"F3.0F.WIG {opcode} /r", mnemonic + "ss", "Vo,Ho,Wd");
        t.Scalar<Scalar64<TOperation>, FromMemory8>($"F2.0F.WIG {opcode} /r", mnemonic + "sd", "Vo,Ho,Wq");
    }

    private static void Choice<TChoice>(RowBuilder t, string opcode, string mnemonic)
        where TChoice : struct, IFloatChoice
    {
        t.Family("sse", CpuFeature.Sse);
        t.Row($"NP 0F {opcode} /r", mnemonic + "ps", "Vx,Wx", XmmFloat<PackedChoice32<TChoice>, FromMemory16Aligned>());
        t.Row($"F3 0F {opcode} /r", mnemonic + "ss", "Vx,Wd", XmmFloat<ScalarChoice32<TChoice>, FromMemory4>());
        t.Family("sse2", CpuFeature.Sse2);
        t.Row($"66 0F {opcode} /r", mnemonic + "pd", "Vx,Wx", XmmFloat<PackedChoice64<TChoice>, FromMemory16Aligned>());
        t.Row($"F2 0F {opcode} /r", mnemonic + "sd", "Vx,Wq", XmmFloat<ScalarChoice64<TChoice>, FromMemory8>());
        t.FloatLanes<PackedChoice32<TChoice>>($"NP.0F.WIG {opcode} /r", mnemonic + "ps");
        t.FloatLanes<PackedChoice64<TChoice>>($"66.0F.WIG {opcode} /r", mnemonic + "pd");
        t.Scalar<ScalarChoice32<TChoice>, FromMemory4>($"F3.0F.WIG {opcode} /r", mnemonic + "ss", "Vo,Ho,Wd");
        t.Scalar<ScalarChoice64<TChoice>, FromMemory8>($"F2.0F.WIG {opcode} /r", mnemonic + "sd", "Vo,Ho,Wq");
    }

    private static void Logic<TInsn>(RowBuilder t, string opcode, string mnemonic)
        where TInsn : struct, IVectorBinary
    {
        t.Family("sse", CpuFeature.Sse);
        t.Row($"NP 0F {opcode} /r", mnemonic + "ps", "Vx,Wx", Xmm<TInsn>());
        t.Family("sse2", CpuFeature.Sse2);
        t.Row($"66 0F {opcode} /r", mnemonic + "pd", "Vx,Wx", Xmm<TInsn>());
        t.Lanes<OfBinary<TInsn>>($"NP.0F.WIG {opcode} /r", mnemonic + "ps", CpuFeature.Avx);
        t.Lanes<OfBinary<TInsn>>($"66.0F.WIG {opcode} /r", mnemonic + "pd", CpuFeature.Avx);
    }
}
