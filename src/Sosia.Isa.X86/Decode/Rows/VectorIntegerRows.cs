using Sosia.Isa.X86.Semantics.Vector;
using static Sosia.Isa.X86.Semantics.Vector.VectorBindings;
using static Sosia.Isa.X86.Semantics.Vector.WideBindings;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Integer instructions on MMX and XMM registers, MMX to SSE4.2 (SDM vol. 2, each under its mnemonic).</summary>
internal static class VectorIntegerRows
{
    private const RowFlags Immediate = RowFlags.UnsignedImmediate;

    public static void Add(RowBuilder t)
    {
        AddBoth(t);
        AddShuffles(t);
        AddShifts(t);
        AddSsse3(t);
        AddSse41(t);
    }

    // The original MMX set with its SSE2 forms; in opcode order.
    private static void AddBoth(RowBuilder t)
    {
        UnpackLow<Punpcklbw>(t, "60", "punpcklbw");
        UnpackLow<Punpcklwd>(t, "61", "punpcklwd");
        UnpackLow<Punpckldq>(t, "62", "punpckldq");
        Joined<Packsswb>(t, "0F 63", "packsswb", CpuFeature.Mmx, CpuFeature.Sse2);
        Both<Pcmpgtb>(t, "64", "pcmpgtb");
        Both<Pcmpgtw>(t, "65", "pcmpgtw");
        Both<Pcmpgtd>(t, "66", "pcmpgtd");
        Joined<Packuswb>(t, "0F 67", "packuswb", CpuFeature.Mmx, CpuFeature.Sse2);
        t.Family("mmx", CpuFeature.Mmx);
        t.Row("NP 0F 68 /r", "punpckhbw", "Pq,Qq", MmxImmediate<OfUpperHalf<Punpcklbw>>());
        t.Row("NP 0F 69 /r", "punpckhwd", "Pq,Qq", MmxImmediate<OfUpperHalf<Punpcklwd>>());
        t.Row("NP 0F 6A /r", "punpckhdq", "Pq,Qq", MmxImmediate<OfUpperHalf<Punpckldq>>());
        t.Family("sse2", CpuFeature.Sse2);
        Sse2<Punpckhbw>(t, "68", "punpckhbw");
        Sse2<Punpckhwd>(t, "69", "punpckhwd");
        Sse2<Punpckhdq>(t, "6A", "punpckhdq");
        Sse2<Punpcklqdq>(t, "6C", "punpcklqdq");
        Sse2<Punpckhqdq>(t, "6D", "punpckhqdq");
        Joined<Packssdw>(t, "0F 6B", "packssdw", CpuFeature.Mmx, CpuFeature.Sse2);
        Both<Pcmpeqb>(t, "74", "pcmpeqb");
        Both<Pcmpeqw>(t, "75", "pcmpeqw");
        Both<Pcmpeqd>(t, "76", "pcmpeqd");
        ShiftByOperand<Psrlw>(t, "D1", "psrlw");
        ShiftByOperand<Psrld>(t, "D2", "psrld");
        ShiftByOperand<Psrlq>(t, "D3", "psrlq");
        Both<Paddq>(t, "D4", "paddq", CpuFeature.Sse2);
        Both<Pmullw>(t, "D5", "pmullw");
        Both<Psubusb>(t, "D8", "psubusb");
        Both<Psubusw>(t, "D9", "psubusw");
        Both<Pminub>(t, "DA", "pminub", CpuFeature.Sse);
        Both<Pand>(t, "DB", "pand");
        Both<Paddusb>(t, "DC", "paddusb");
        Both<Paddusw>(t, "DD", "paddusw");
        Both<Pmaxub>(t, "DE", "pmaxub", CpuFeature.Sse);
        Both<Pandn>(t, "DF", "pandn");
        Both<Pavgb>(t, "E0", "pavgb", CpuFeature.Sse);
        ShiftByOperand<Psraw>(t, "E1", "psraw");
        ShiftByOperand<Psrad>(t, "E2", "psrad");
        Both<Pavgw>(t, "E3", "pavgw", CpuFeature.Sse);
        Both<Pmulhuw>(t, "E4", "pmulhuw", CpuFeature.Sse);
        Both<Pmulhw>(t, "E5", "pmulhw");
        Both<Psubsb>(t, "E8", "psubsb");
        Both<Psubsw>(t, "E9", "psubsw");
        Both<Pminsw>(t, "EA", "pminsw", CpuFeature.Sse);
        Both<Por>(t, "EB", "por");
        Both<Paddsb>(t, "EC", "paddsb");
        Both<Paddsw>(t, "ED", "paddsw");
        Both<Pmaxsw>(t, "EE", "pmaxsw", CpuFeature.Sse);
        Both<Pxor>(t, "EF", "pxor");
        ShiftByOperand<Psllw>(t, "F1", "psllw");
        ShiftByOperand<Pslld>(t, "F2", "pslld");
        ShiftByOperand<Psllq>(t, "F3", "psllq");
        Both<Pmuludq>(t, "F4", "pmuludq", CpuFeature.Sse2);
        Both<Pmaddwd>(t, "F5", "pmaddwd");
        Both<Psadbw>(t, "F6", "psadbw", CpuFeature.Sse);
        Both<Psubb>(t, "F8", "psubb");
        Both<Psubw>(t, "F9", "psubw");
        Both<Psubd>(t, "FA", "psubd");
        Both<Psubq>(t, "FB", "psubq", CpuFeature.Sse2);
        Both<Paddb>(t, "FC", "paddb");
        Both<Paddw>(t, "FD", "paddw");
        Both<Paddd>(t, "FE", "paddd");
    }

    private static void AddShuffles(RowBuilder t)
    {
        t.Family("sse", CpuFeature.Sse);
        t.Row("NP 0F 70 /r", "pshufw", "Pq,Qq,Ib", MmxImmediate<Pshuflw>(), Immediate);
        t.Row("NP 0F C4 /r", "pinsrw", "Pq,Rd,Ib", From<PinsrwMmx, ToMmx, FromGeneral32, FromNone>(), Immediate);
        t.Row("NP 0F C4 /r", "pinsrw", "Pq,Mw,Ib", From<PinsrwMmx, ToMmx, FromNone, FromMemory2>(), Immediate);
        t.Row("NP 0F C5 /r", "pextrw", "Gd,Nq,Ib", From<PextrwMmx, ToGeneral32, FromMmx, FromNone>(), Immediate);
        t.Row("NP 0F D7 /r", "pmovmskb", "Gd,Nq", From<OfUnary<Pmovmskb>, ToGeneral32, FromMmx, FromNone>());
        t.Family("sse2", CpuFeature.Sse2);
        t.Row("66 0F 70 /r", "pshufd", "Vx,Wx,Ib", XmmImmediate<Pshufd>(), Immediate);
        t.Row("F2 0F 70 /r", "pshuflw", "Vx,Wx,Ib", XmmImmediate<Pshuflw>(), Immediate);
        t.Row("F3 0F 70 /r", "pshufhw", "Vx,Wx,Ib", XmmImmediate<Pshufhw>(), Immediate);
        t.Row("66 0F C4 /r", "pinsrw", "Vx,Rd,Ib", From<Pinsrw, ToXmm, FromGeneral32, FromNone>(), Immediate);
        t.Row("66 0F C4 /r", "pinsrw", "Vx,Mw,Ib", From<Pinsrw, ToXmm, FromNone, FromMemory2>(), Immediate);
        t.Row("66 0F C5 /r", "pextrw", "Gd,Ux,Ib", From<Pextrw, ToGeneral32, FromXmm, FromNone>(), Immediate);
        t.Row("66 0F D7 /r", "pmovmskb", "Gd,Ux", From<OfUnary<Pmovmskb>, ToGeneral32, FromXmm, FromNone>());
    }

    private static void AddShifts(RowBuilder t)
    {
        Shift<Psrlw>(t, "71 /2", "psrlw");
        Shift<Psraw>(t, "71 /4", "psraw");
        Shift<Psllw>(t, "71 /6", "psllw");
        Shift<Psrld>(t, "72 /2", "psrld");
        Shift<Psrad>(t, "72 /4", "psrad");
        Shift<Pslld>(t, "72 /6", "pslld");
        Shift<Psrlq>(t, "73 /2", "psrlq");
        Shift<Psllq>(t, "73 /6", "psllq");
        t.Row("66 0F 73 /3", "psrldq", "Ux,Ib", From<Psrldq, ToXmm, FromNone, FromNone>(), Immediate);
        t.Row("66 0F 73 /7", "pslldq", "Ux,Ib", From<Pslldq, ToXmm, FromNone, FromNone>(), Immediate);
    }

    private static void AddSsse3(RowBuilder t)
    {
        t.Family("ssse3", CpuFeature.Ssse3);
        t.Row("NP 0F 38 00 /r", "pshufb", "Pq,Qq", Mmx<PshufbMmx>());
        WithoutMmx<Pshufb>(t, "00", "pshufb");
        Joined<Phaddw>(t, "0F 38 01", "phaddw", CpuFeature.Ssse3, CpuFeature.Ssse3);
        Joined<Phaddd>(t, "0F 38 02", "phaddd", CpuFeature.Ssse3, CpuFeature.Ssse3);
        Joined<Phaddsw>(t, "0F 38 03", "phaddsw", CpuFeature.Ssse3, CpuFeature.Ssse3);
        Joined<Phsubw>(t, "0F 38 05", "phsubw", CpuFeature.Ssse3, CpuFeature.Ssse3);
        Joined<Phsubd>(t, "0F 38 06", "phsubd", CpuFeature.Ssse3, CpuFeature.Ssse3);
        Joined<Phsubsw>(t, "0F 38 07", "phsubsw", CpuFeature.Ssse3, CpuFeature.Ssse3);
        Ssse3<Pmaddubsw>(t, "04", "pmaddubsw");
        Ssse3<Psignb>(t, "08", "psignb");
        Ssse3<Psignw>(t, "09", "psignw");
        Ssse3<Psignd>(t, "0A", "psignd");
        Ssse3<Pmulhrsw>(t, "0B", "pmulhrsw");
        Magnitude<Pabsb>(t, "1C", "pabsb");
        Magnitude<Pabsw>(t, "1D", "pabsw");
        Magnitude<Pabsd>(t, "1E", "pabsd");
        t.Row("NP 0F 3A 0F /r", "palignr", "Pq,Qq,Ib", MmxImmediate<PalignrMmx>(), Immediate);
        t.Row("66 0F 3A 0F /r", "palignr", "Vx,Wx,Ib", XmmImmediate<Palignr>(), Immediate);
    }

    private static void AddSse41(RowBuilder t)
    {
        t.Family("sse4.1", CpuFeature.Sse41);
        t.Row("66 0F 38 17 /r", "ptest", "Vx,Wx", From<OfBinary<Ptest>, ToFlags, FromXmm, FromMemory16Aligned>(), RowFlags.ReadsOnly);
        Extend<Pmovsxbw, FromMemory8, Eight, FromMemory16>(t, "20", "pmovsxbw", "Wq", "Wo");
        Extend<Pmovsxbd, FromMemory4, Four, FromMemory8>(t, "21", "pmovsxbd", "Wd", "Wq");
        Extend<Pmovsxbq, FromMemory2, Two, FromMemory4>(t, "22", "pmovsxbq", "Ww", "Wd");
        Extend<Pmovsxwd, FromMemory8, Eight, FromMemory16>(t, "23", "pmovsxwd", "Wq", "Wo");
        Extend<Pmovsxwq, FromMemory4, Four, FromMemory8>(t, "24", "pmovsxwq", "Wd", "Wq");
        Extend<Pmovsxdq, FromMemory8, Eight, FromMemory16>(t, "25", "pmovsxdq", "Wq", "Wo");
        Extend<Pmovzxbw, FromMemory8, Eight, FromMemory16>(t, "30", "pmovzxbw", "Wq", "Wo");
        Extend<Pmovzxbd, FromMemory4, Four, FromMemory8>(t, "31", "pmovzxbd", "Wd", "Wq");
        Extend<Pmovzxbq, FromMemory2, Two, FromMemory4>(t, "32", "pmovzxbq", "Ww", "Wd");
        Extend<Pmovzxwd, FromMemory8, Eight, FromMemory16>(t, "33", "pmovzxwd", "Wq", "Wo");
        Extend<Pmovzxwq, FromMemory4, Four, FromMemory8>(t, "34", "pmovzxwq", "Wd", "Wq");
        Extend<Pmovzxdq, FromMemory8, Eight, FromMemory16>(t, "35", "pmovzxdq", "Wq", "Wo");
        WithoutMmx<Pmuldq>(t, "28", "pmuldq");
        WithoutMmx<Pcmpeqq>(t, "29", "pcmpeqq");
        WithoutMmx<Packusdw>(t, "2B", "packusdw");
        WithoutMmx<Pminsb>(t, "38", "pminsb");
        WithoutMmx<Pminsd>(t, "39", "pminsd");
        WithoutMmx<Pminuw>(t, "3A", "pminuw");
        WithoutMmx<Pminud>(t, "3B", "pminud");
        WithoutMmx<Pmaxsb>(t, "3C", "pmaxsb");
        WithoutMmx<Pmaxsd>(t, "3D", "pmaxsd");
        WithoutMmx<Pmaxuw>(t, "3E", "pmaxuw");
        WithoutMmx<Pmaxud>(t, "3F", "pmaxud");
        WithoutMmx<Pmulld>(t, "40", "pmulld");
        t.Row("66 0F 38 41 /r", "phminposuw", "Vx,Wx", XmmUnary<Phminposuw>());
        t.Row("66 0F 3A 0E /r", "pblendw", "Vx,Wx,Ib", XmmImmediate<Pblendw>(), Immediate);
        t.Row("66 0F 3A 42 /r", "mpsadbw", "Vx,Wx,Ib", XmmImmediate<Mpsadbw>(), Immediate);
        t.Row("66 0F 3A 14 /r", "pextrb", "Rd,Vx,Ib", To<Pextrb, ToGeneral32, ToMemory1, FromXmm>(), Immediate);
        t.Row("66 0F 3A 14 /r", "pextrb", "Mb,Vx,Ib", To<Pextrb, ToGeneral32, ToMemory1, FromXmm>(), Immediate);
        t.Row("66 0F 3A 15 /r", "pextrw", "Rd,Vx,Ib", To<Pextrw, ToGeneral32, ToMemory2, FromXmm>(), Immediate);
        t.Row("66 0F 3A 15 /r", "pextrw", "Mw,Vx,Ib", To<Pextrw, ToGeneral32, ToMemory2, FromXmm>(), Immediate);
        t.Row("66 0F 3A 16 /r", "pextrd", "Ed,Vx,Ib", To<Pextrd, ToGeneral32, ToMemory4, FromXmm>(), Immediate);
        t.Row("66 REX.W 0F 3A 16 /r", "pextrq", "Eq,Vx,Ib", To<Pextrq, ToGeneral64, ToMemory8, FromXmm>(), Immediate);
        t.Row("66 0F 3A 20 /r", "pinsrb", "Vx,Rd,Ib", From<Pinsrb, ToXmm, FromGeneral32, FromMemory1>(), Immediate);
        t.Row("66 0F 3A 20 /r", "pinsrb", "Vx,Mb,Ib", From<Pinsrb, ToXmm, FromGeneral32, FromMemory1>(), Immediate);
        t.Row("66 0F 3A 22 /r", "pinsrd", "Vx,Ed,Ib", From<Pinsrd, ToXmm, FromGeneral32, FromMemory4>(), Immediate);
        t.Row("66 REX.W 0F 3A 22 /r", "pinsrq", "Vx,Eq,Ib", From<Pinsrq, ToXmm, FromGeneral64, FromMemory8>(), Immediate);
        t.Family("sse4.2", CpuFeature.Sse42);
        WithoutMmx<Pcmpgtq>(t, "37", "pcmpgtq");
    }

    private static void Both<TInsn>(RowBuilder t, string opcode, string mnemonic, CpuFeature mmx = CpuFeature.Mmx)
        where TInsn : struct, IVectorBinary
    {
        t.Family("mmx", mmx);
        t.Row($"NP 0F {opcode} /r", mnemonic, "Pq,Qq", Mmx<TInsn>());
        t.Family("sse2", CpuFeature.Sse2);
        Sse2<TInsn>(t, opcode, mnemonic);
    }

    private static void Sse2<TInsn>(RowBuilder t, string opcode, string mnemonic)
        where TInsn : struct, IVectorBinary
    {
        t.Row($"66 0F {opcode} /r", mnemonic, "Vx,Wx", Xmm<TInsn>());
        t.Lanes<OfBinary<TInsn>>($"66.0F.WIG {opcode} /r", mnemonic, CpuFeature.Avx2);
    }

    private static void ShiftByOperand<TInsn>(RowBuilder t, string opcode, string mnemonic)
        where TInsn : struct, IVectorBinary
    {
        t.Family("mmx", CpuFeature.Mmx);
        t.Row($"NP 0F {opcode} /r", mnemonic, "Pq,Qq", Mmx<TInsn>());
        t.Family("sse2", CpuFeature.Sse2);
        t.Row($"66 0F {opcode} /r", mnemonic, "Vx,Wx", Xmm<TInsn>());
        t.Vex(CpuFeature.Avx, $"L0.66.0F.WIG {opcode} /r", mnemonic, "Vx,Hx,Wx", VexWith<OfBinary<TInsn>, FromMemory16>());
        t.Vex(CpuFeature.Avx2, $"L1.66.0F.WIG {opcode} /r", mnemonic, "Vx,Hx,Wo", YmmLow<EachWithLow<OfBinary<TInsn>>, FromMemory16>());
    }

    private static void UnpackLow<TInsn>(RowBuilder t, string opcode, string mnemonic)
        where TInsn : struct, IVectorBinary
    {
        t.Family("mmx", CpuFeature.Mmx);
        t.Row($"NP 0F {opcode} /r", mnemonic, "Pq,Qd", From<OfBinary<TInsn>, ToMmx, FromMmx, FromMemory4>());
        t.Family("sse2", CpuFeature.Sse2);
        Sse2<TInsn>(t, opcode, mnemonic);
    }

    private static void Joined<TInsn>(RowBuilder t, string opcode, string mnemonic, CpuFeature mmx, CpuFeature sse)
        where TInsn : struct, IVectorBinary
    {
        t.Family(mmx == CpuFeature.Mmx ? "mmx" : "ssse3", mmx);
        t.Row($"NP {opcode} /r", mnemonic, "Pq,Qq", MmxImmediate<OfJoined<TInsn>>());
        t.Family(sse == CpuFeature.Sse2 ? "sse2" : "ssse3", sse);
        t.Row($"66 {opcode} /r", mnemonic, "Vx,Wx", Xmm<TInsn>());
        t.Lanes<OfBinary<TInsn>>($"66.{opcode.Replace("0F 38", "0F38.WIG").Replace("0F ", "0F.WIG ")} /r", mnemonic, CpuFeature.Avx2);
    }

    private static void Shift<TInsn>(RowBuilder t, string opcode, string mnemonic)
        where TInsn : struct, IVectorBinary
    {
        t.Family("mmx", CpuFeature.Mmx);
        t.Row($"NP 0F {opcode}", mnemonic, "Nq,Ib", From<OfImmediateCount<TInsn>, ToMmx, FromNone, FromNone>(), Immediate);
        t.Family("sse2", CpuFeature.Sse2);
        t.Row($"66 0F {opcode}", mnemonic, "Ux,Ib", From<OfImmediateCount<TInsn>, ToXmm, FromNone, FromNone>(), Immediate);
        t.Lanes<OfSourceCount<TInsn>>($"66.0F.WIG {opcode}", mnemonic, CpuFeature.Avx2, "Hx,Ux,Ib");
    }

    private static void Ssse3<TInsn>(RowBuilder t, string opcode, string mnemonic)
        where TInsn : struct, IVectorBinary
    {
        t.Row($"NP 0F 38 {opcode} /r", mnemonic, "Pq,Qq", Mmx<TInsn>());
        t.Row($"66 0F 38 {opcode} /r", mnemonic, "Vx,Wx", Xmm<TInsn>());
        t.Lanes<OfBinary<TInsn>>($"66.0F38.WIG {opcode} /r", mnemonic, CpuFeature.Avx2);
    }

    private static void Magnitude<TInsn>(RowBuilder t, string opcode, string mnemonic)
        where TInsn : struct, IVectorUnary
    {
        t.Row($"NP 0F 38 {opcode} /r", mnemonic, "Pq,Qq", MmxUnary<TInsn>());
        t.Row($"66 0F 38 {opcode} /r", mnemonic, "Vx,Wx", XmmUnary<TInsn>());
        t.Lanes<OfUnary<TInsn>>($"66.0F38.WIG {opcode} /r", mnemonic, CpuFeature.Avx2, "Vx,Wx");
    }

    private static void Extend<TInsn, TMemory, TCount, TWideMemory>(RowBuilder t, string opcode, string mnemonic, string source, string wideSource)
        where TInsn : struct, IVectorUnary
        where TMemory : struct, IVectorSource
        where TCount : struct, IConstantInteger
        where TWideMemory : struct, IVectorSource
    {
        t.Row($"66 0F 38 {opcode} /r", mnemonic, $"Vx,{source}", XmmUnaryWith<TInsn, TMemory>());
        t.Vex(CpuFeature.Avx, $"L0.66.0F38.WIG {opcode} /r", mnemonic, $"Vx,{source}", VexUnary<TInsn, TMemory>());
        t.Vex(CpuFeature.Avx2, $"L1.66.0F38.WIG {opcode} /r", mnemonic, $"Vx,{wideSource}", YmmLow<Widen<OfUnary<TInsn>, TCount>, TWideMemory>());
    }

    private static void WithoutMmx<TInsn>(RowBuilder t, string opcode, string mnemonic)
        where TInsn : struct, IVectorBinary
    {
        t.Row($"66 0F 38 {opcode} /r", mnemonic, "Vx,Wx", Xmm<TInsn>());
        t.Lanes<OfBinary<TInsn>>($"66.0F38.WIG {opcode} /r", mnemonic, CpuFeature.Avx2);
    }
}
