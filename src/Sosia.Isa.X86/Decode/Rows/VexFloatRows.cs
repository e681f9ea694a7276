using Sosia.Isa.X86.Semantics.Vector;
using static Sosia.Isa.X86.Semantics.Vector.VectorBindings;
using static Sosia.Isa.X86.Semantics.Vector.WideBindings;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Floating-point instructions with a VEX prefix that <see cref="VectorFloatRows"/> does not declare with their SSE forms, and F16C (SDM vol. 2).</summary>
internal static class VexFloatRows
{
    private const CpuFeature Avx = CpuFeature.Avx;

    public static void Add(RowBuilder t)
    {
        AddShuffles(t);
        AddCompare(t);
        AddConversions(t);
        AddSse3AndSse41(t);
        t.Lanes<OfUnary<Rsqrtps>>("NP.0F.WIG 52 /r", "rsqrtps", Avx, "Vx,Wx");
        t.Vex(Avx, "LIG.F3.0F.WIG 52 /r", "rsqrtss", "Vo,Ho,Wd", VexWith<OfBinary<Rsqrtss>, FromMemory4>());
        t.Lanes<OfUnary<Rcpps>>("NP.0F.WIG 53 /r", "rcpps", Avx, "Vx,Wx");
        t.Vex(Avx, "LIG.F3.0F.WIG 53 /r", "rcpss", "Vo,Ho,Wd", VexWith<OfBinary<Rcpss>, FromMemory4>());
    }

    private static void AddShuffles(RowBuilder t)
    {
        t.Lanes<OfBinary<Punpckldq>>("NP.0F.WIG 14 /r", "unpcklps", Avx);
        t.Lanes<OfBinary<Punpcklqdq>>("66.0F.WIG 14 /r", "unpcklpd", Avx);
        t.Lanes<OfBinary<Punpckhdq>>("NP.0F.WIG 15 /r", "unpckhps", Avx);
        t.Lanes<OfBinary<Punpckhqdq>>("66.0F.WIG 15 /r", "unpckhpd", Avx);
        t.Lanes<Shufps>("NP.0F.WIG C6 /r", "shufps", Avx, "Vx,Hx,Wx,Ib");
        t.Lanes<Shufpd, Two>("66.0F.WIG C6 /r", "shufpd", Avx, "Vx,Hx,Wx,Ib");
        t.Lanes<OfBinary<Permilps>>("66.0F38.W0 0C /r", "permilps", Avx);
        t.Lanes<OfBinary<Permilpd>>("66.0F38.W0 0D /r", "permilpd", Avx);
        t.Lanes<Pshufd>("66.0F3A.W0 04 /r", "permilps", Avx, "Vx,Wx,Ib");
        t.Lanes<PermilpdImmediate, Two>("66.0F3A.W0 05 /r", "permilpd", Avx, "Vx,Wx,Ib");
        t.Lanes<Blendps, Four>("66.0F3A.WIG 0C /r", "blendps", Avx, "Vx,Hx,Wx,Ib");
        t.Lanes<Blendpd, Two>("66.0F3A.WIG 0D /r", "blendpd", Avx, "Vx,Hx,Wx,Ib");
    }

    private static void AddCompare(RowBuilder t)
    {
        t.Vex(Avx, "LIG.NP.0F.WIG 2E /r", "ucomiss", "Vo,Wd", Float<Comiss<Yes>, Vex<ToFlags>, FromXmm, FromMemory4>(), RowFlags.ReadsOnly);
        t.Vex(Avx, "LIG.NP.0F.WIG 2F /r", "comiss", "Vo,Wd", Float<Comiss<No>, Vex<ToFlags>, FromXmm, FromMemory4>(), RowFlags.ReadsOnly);
        t.Vex(Avx, "LIG.66.0F.WIG 2E /r", "ucomisd", "Vo,Wq", Float<Comisd<Yes>, Vex<ToFlags>, FromXmm, FromMemory8>(), RowFlags.ReadsOnly);
        t.Vex(Avx, "LIG.66.0F.WIG 2F /r", "comisd", "Vo,Wq", Float<Comisd<No>, Vex<ToFlags>, FromXmm, FromMemory8>(), RowFlags.ReadsOnly);
        t.FloatLanes<Cmpps<Yes>>("NP.0F.WIG C2 /r", "cmpps", "Vx,Hx,Wx,Ib");
        t.FloatLanes<Cmppd<Yes>>("66.0F.WIG C2 /r", "cmppd", "Vx,Hx,Wx,Ib");
        t.Scalar<Cmpss<Yes>, FromMemory4>("F3.0F.WIG C2 /r", "cmpss", "Vo,Ho,Wd,Ib");
        t.Scalar<Cmpsd<Yes>, FromMemory8>("F2.0F.WIG C2 /r", "cmpsd", "Vo,Ho,Wq,Ib");
    }

    private static void AddConversions(RowBuilder t)
    {
        t.Vex(Avx, "LIG.F3.0F.W1 2A /r", "cvtsi2ss", "Vo,Ho,Eq", Float<Cvtsi2ss64, ToVex, FromGeneral64, FromMemory8>(), RowFlags.Only64);
        t.Vex(Avx, "LIG.F3.0F.WIG 2A /r", "cvtsi2ss", "Vo,Ho,Ed", Float<Cvtsi2ss32, ToVex, FromGeneral32, FromMemory4>());
        t.Vex(Avx, "LIG.F2.0F.W1 2A /r", "cvtsi2sd", "Vo,Ho,Eq", Float<Cvtsi2sd64, ToVex, FromGeneral64, FromMemory8>(), RowFlags.Only64);
        t.Vex(Avx, "LIG.F2.0F.WIG 2A /r", "cvtsi2sd", "Vo,Ho,Ed", Float<Cvtsi2sd32, ToVex, FromGeneral32, FromMemory4>());
        ToInteger<Cvtss2si32<Yes>, Cvtss2si64<Yes>, FromMemory4>(t, "F3.0F", "2C", "cvttss2si", "Wd");
        ToInteger<Cvtss2si32<No>, Cvtss2si64<No>, FromMemory4>(t, "F3.0F", "2D", "cvtss2si", "Wd");
        ToInteger<Cvtsd2si32<Yes>, Cvtsd2si64<Yes>, FromMemory8>(t, "F2.0F", "2C", "cvttsd2si", "Wq");
        ToInteger<Cvtsd2si32<No>, Cvtsd2si64<No>, FromMemory8>(t, "F2.0F", "2D", "cvtsd2si", "Wq");
        t.Vex(Avx, "L0.NP.0F.WIG 5A /r", "cvtps2pd", "Vx,Wq", VexFloat<Cvtps2pd, FromMemory8>());
        t.Vex(Avx, "L1.NP.0F.WIG 5A /r", "cvtps2pd", "Vx,Wo", WideFloat<WidenFloat<Cvtps2pd>, Low<FromXmm>, Low<FromMemory16>>());
        Narrowing<Cvtpd2ps>(t, "66.0F.WIG 5A /r", "cvtpd2ps");
        Narrowing<Cvtpd2dq<Yes>>(t, "66.0F.WIG E6 /r", "cvttpd2dq");
        Narrowing<Cvtpd2dq<No>>(t, "F2.0F.WIG E6 /r", "cvtpd2dq");
        t.Scalar<Cvtss2sd, FromMemory4>("F3.0F.WIG 5A /r", "cvtss2sd", "Vo,Ho,Wd");
        t.Scalar<Cvtsd2ss, FromMemory8>("F2.0F.WIG 5A /r", "cvtsd2ss", "Vo,Ho,Wq");
        t.FloatLanes<Cvtdq2ps>("NP.0F.WIG 5B /r", "cvtdq2ps", "Vx,Wx");
        t.FloatLanes<Cvtps2dq<No>>("66.0F.WIG 5B /r", "cvtps2dq", "Vx,Wx");
        t.FloatLanes<Cvtps2dq<Yes>>("F3.0F.WIG 5B /r", "cvttps2dq", "Vx,Wx");
        t.Vex(Avx, "L0.F3.0F.WIG E6 /r", "cvtdq2pd", "Vx,Wq", VexUnary<Cvtdq2pd, FromMemory8>());
        t.Vex(Avx, "L1.F3.0F.WIG E6 /r", "cvtdq2pd", "Vx,Wo", YmmLow<Widen<OfUnary<Cvtdq2pd>, Eight>, FromMemory16>());
    }

    private static void AddSse3AndSse41(RowBuilder t)
    {
        t.FloatLanes<Horizontal64<FloatAdd>>("66.0F.WIG 7C /r", "haddpd");
        t.FloatLanes<Horizontal32<FloatAdd>>("F2.0F.WIG 7C /r", "haddps");
        t.FloatLanes<Horizontal64<FloatSubtract>>("66.0F.WIG 7D /r", "hsubpd");
        t.FloatLanes<Horizontal32<FloatSubtract>>("F2.0F.WIG 7D /r", "hsubps");
        t.FloatLanes<Addsubpd>("66.0F.WIG D0 /r", "addsubpd");
        t.FloatLanes<Addsubps>("F2.0F.WIG D0 /r", "addsubps");
        t.FloatLanes<Roundps>("66.0F3A.WIG 08 /r", "roundps", "Vx,Wx,Ib");
        t.FloatLanes<Roundpd>("66.0F3A.WIG 09 /r", "roundpd", "Vx,Wx,Ib");
        t.Scalar<Roundss, FromMemory4>("66.0F3A.WIG 0A /r", "roundss", "Vo,Ho,Wd,Ib");
        t.Scalar<Roundsd, FromMemory8>("66.0F3A.WIG 0B /r", "roundsd", "Vo,Ho,Wq,Ib");
        t.FloatLanes<Dpps>("66.0F3A.WIG 40 /r", "dpps", "Vx,Hx,Wx,Ib");
        t.Vex(Avx, "L0.66.0F3A.WIG 41 /r", "dppd", "Vx,Hx,Wx,Ib", VexFloat<Dppd, FromMemory16>());
    }

    private static void ToInteger<TInsn32, TInsn64, TMemory>(RowBuilder t, string prefix, string opcode, string mnemonic, string source)
        where TInsn32 : struct, IVectorFloat
        where TInsn64 : struct, IVectorFloat
        where TMemory : struct, IVectorSource
    {
        t.Vex(Avx, $"LIG.{prefix}.W1 {opcode} /r", mnemonic, "Gq," + source, Float<TInsn64, Vex<ToGeneral64>, FromXmm, TMemory>(), RowFlags.Only64);
        t.Vex(Avx, $"LIG.{prefix}.WIG {opcode} /r", mnemonic, "Gd," + source, Float<TInsn32, Vex<ToGeneral32>, FromXmm, TMemory>());
    }

    private static void Narrowing<TInsn>(RowBuilder t, string encoding, string mnemonic)
        where TInsn : struct, IVectorFloat
    {
        t.Vex(Avx, "L0." + encoding, mnemonic, "Vo,Wx", VexFloat<TInsn, FromMemory16>());
        t.Vex(Avx, "L1." + encoding, mnemonic, "Vo,Wx", WideFloat<NarrowFloat<TInsn>, FromYmm, FromMemory32>());
    }
}
