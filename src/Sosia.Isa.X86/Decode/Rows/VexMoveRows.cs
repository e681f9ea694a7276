using Sosia.Isa.X86.Semantics.Vector;
using static Sosia.Isa.X86.Semantics.Vector.VectorBindings;
using static Sosia.Isa.X86.Semantics.Vector.WideBindings;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Moves with a VEX prefix (SDM vol. 2, each under SSE's mnemonic or under V…).</summary>
internal static unsafe class VexMoveRows
{
    private const CpuFeature Avx = CpuFeature.Avx;
    private const CpuFeature Avx2 = CpuFeature.Avx2;

    public static void Add(RowBuilder t)
    {
        AddWhole(t);
        AddParts(t);
        AddGeneral(t);
        AddBroadcasts(t);
        AddHalves(t);
        t.Vex(Avx, "L0.66.0F.WIG F7 /r", "maskmovdqu", "Vx,Ux", InstructionBinding.Helper(&MaskedStore.Maskmovdqu));
        t.Vex(Avx, "L0.NP.0F.WIG 77", "zeroupper", "", InstructionBinding.Helper(&AvxState.Vzeroupper));
        t.Vex(Avx, "L1.NP.0F.WIG 77", "zeroall", "", InstructionBinding.Helper(&AvxState.Vzeroall));
    }

    private static void AddWhole(RowBuilder t)
    {
        Unaligned(t, "NP.0F.WIG", "10", "11", "movups");
        Unaligned(t, "66.0F.WIG", "10", "11", "movupd");
        Unaligned(t, "F3.0F.WIG", "6F", "7F", "movdqu");
        Aligned(t, "NP.0F.WIG", "28", "29", "movaps");
        Aligned(t, "66.0F.WIG", "28", "29", "movapd");
        Aligned(t, "66.0F.WIG", "6F", "7F", "movdqa");
        StreamStore(t, "NP.0F.WIG 2B /r", "movntps");
        StreamStore(t, "66.0F.WIG 2B /r", "movntpd");
        StreamStore(t, "66.0F.WIG E7 /r", "movntdq");
        t.Vex(Avx, "L0.66.0F38.WIG 2A /r", "movntdqa", "Vx,Mx", VexUnary<Move, FromMemory16Aligned>());
        t.Vex(Avx2, "L1.66.0F38.WIG 2A /r", "movntdqa", "Vx,Mx", WideFrom<EachLane<OfUnary<Move>, Nought>, ToYmm, FromYmm, FromMemory32Aligned>());
        t.Vex(Avx, "L0.F2.0F.WIG F0 /r", "lddqu", "Vx,Mx", VexUnary<Move, FromMemory16>());
        t.Vex(Avx, "L1.F2.0F.WIG F0 /r", "lddqu", "Vx,Mx", Ymm<EachLane<OfUnary<Move>, Nought>>());
    }

    private static void AddParts(RowBuilder t)
    {
        t.Vex(Avx, "LIG.F3.0F.WIG 10 /r", "movss", "Vo,Ho,Uo", VexWith<OfBinary<MergeLow4>, FromNone>());
        t.Vex(Avx, "LIG.F3.0F.WIG 10 /r", "movss", "Vo,Md", VexUnary<Move, FromMemory4>());
        t.Vex(Avx, "LIG.F3.0F.WIG 11 /r", "movss", "Uo,Ho,Vo", VexWith<OfBinary<MergeLow4>, FromNone>());
        t.Vex(Avx, "LIG.F3.0F.WIG 11 /r", "movss", "Md,Vo", Store<OfUnary<Move>, ToMemory4>());
        t.Vex(Avx, "LIG.F2.0F.WIG 10 /r", "movsd", "Vo,Ho,Uo", VexWith<OfBinary<MergeLow8>, FromNone>());
        t.Vex(Avx, "LIG.F2.0F.WIG 10 /r", "movsd", "Vo,Mq", VexUnary<Move, FromMemory8>());
        t.Vex(Avx, "LIG.F2.0F.WIG 11 /r", "movsd", "Uo,Ho,Vo", VexWith<OfBinary<MergeLow8>, FromNone>());
        t.Vex(Avx, "LIG.F2.0F.WIG 11 /r", "movsd", "Mq,Vo", Store<OfUnary<Move>, ToMemory8>());
        t.Vex(Avx, "L0.NP.0F.WIG 12 /r", "movhlps", "Vx,Hx,Ux", VexWith<OfBinary<Movhlps>, FromNone>());
        t.Vex(Avx, "L0.NP.0F.WIG 16 /r", "movlhps", "Vx,Hx,Ux", VexWith<OfBinary<Punpcklqdq>, FromNone>());
        Half(t, "NP.0F.WIG", "ps");
        Half(t, "66.0F.WIG", "pd");
        t.Lanes<OfUnary<Movsldup>>("F3.0F.WIG 12 /r", "movsldup", Avx, "Vx,Wx");
        t.Lanes<OfUnary<Movshdup>>("F3.0F.WIG 16 /r", "movshdup", Avx, "Vx,Wx");
        t.Vex(Avx, "L0.F2.0F.WIG 12 /r", "movddup", "Vx,Wq", VexUnary<Movddup, FromMemory8>());
        t.Vex(Avx, "L1.F2.0F.WIG 12 /r", "movddup", "Vx,Wx", Ymm<EachLane<OfUnary<Movddup>, Nought>>());
        t.Vex(Avx, "L0.F3.0F.WIG 7E /r", "movq", "Vx,Wq", VexUnary<ZeroUpper, FromMemory8>());
        t.Vex(Avx, "L0.66.0F.WIG D6 /r", "movq", "Wq,Vx", To<OfUnary<ZeroUpper>, ToVex, Vex<ToMemory8>, FromXmm>());
    }

    private static void AddGeneral(RowBuilder t)
    {
        t.Vex(Avx, "L0.66.0F.W1 6E /r", "movq", "Vx,Eq", From<OfUnary<Move>, ToVex, FromGeneral64, FromMemory8>(), RowFlags.Only64);
        t.Vex(Avx, "L0.66.0F.WIG 6E /r", "movd", "Vx,Ed", From<OfUnary<Move>, ToVex, FromGeneral32, FromMemory4>());
        t.Vex(Avx, "L0.66.0F.W1 7E /r", "movq", "Eq,Vx", To<OfUnary<Move>, Vex<ToGeneral64>, Vex<ToMemory8>, FromXmm>(), RowFlags.Only64);
        t.Vex(Avx, "L0.66.0F.WIG 7E /r", "movd", "Ed,Vx", To<OfUnary<Move>, Vex<ToGeneral32>, Vex<ToMemory4>, FromXmm>());
        t.Vex(Avx, "L0.NP.0F.WIG 50 /r", "movmskps", "Gd,Ux", From<OfUnary<Movmskps>, Vex<ToGeneral32>, FromXmm, FromNone>());
        t.Vex(Avx, "L1.NP.0F.WIG 50 /r", "movmskps", "Gd,Ux", WideMask<Movmskps, Four>());
        t.Vex(Avx, "L0.66.0F.WIG 50 /r", "movmskpd", "Gd,Ux", From<OfUnary<Movmskpd>, Vex<ToGeneral32>, FromXmm, FromNone>());
        t.Vex(Avx, "L1.66.0F.WIG 50 /r", "movmskpd", "Gd,Ux", WideMask<Movmskpd, Two>());
        t.Vex(Avx, "L0.66.0F.WIG D7 /r", "pmovmskb", "Gd,Ux", From<OfUnary<Pmovmskb>, Vex<ToGeneral32>, FromXmm, FromNone>());
        t.Vex(Avx2, "L1.66.0F.WIG D7 /r", "pmovmskb", "Gd,Ux", WideMask<Pmovmskb, Sixteen>());
        t.Vex(Avx, "L0.66.0F.WIG C4 /r", "pinsrw", "Vx,Hx,Rd,Ib", From<Pinsrw, ToVex, FromGeneral32, FromNone>());
        t.Vex(Avx, "L0.66.0F.WIG C4 /r", "pinsrw", "Vx,Hx,Mw,Ib", From<Pinsrw, ToVex, FromNone, FromMemory2>());
        t.Vex(Avx, "L0.66.0F.WIG C5 /r", "pextrw", "Gd,Ux,Ib", From<Pextrw, Vex<ToGeneral32>, FromXmm, FromNone>());
        t.Vex(Avx, "L0.66.0F3A.WIG 14 /r", "pextrb", "Rd,Vx,Ib", To<Pextrb, Vex<ToGeneral32>, Vex<ToMemory1>, FromXmm>());
        t.Vex(Avx, "L0.66.0F3A.WIG 14 /r", "pextrb", "Mb,Vx,Ib", To<Pextrb, Vex<ToGeneral32>, Vex<ToMemory1>, FromXmm>());
        t.Vex(Avx, "L0.66.0F3A.WIG 15 /r", "pextrw", "Rd,Vx,Ib", To<Pextrw, Vex<ToGeneral32>, Vex<ToMemory2>, FromXmm>());
        t.Vex(Avx, "L0.66.0F3A.WIG 15 /r", "pextrw", "Mw,Vx,Ib", To<Pextrw, Vex<ToGeneral32>, Vex<ToMemory2>, FromXmm>());
        t.Vex(Avx, "L0.66.0F3A.W1 16 /r", "pextrq", "Eq,Vx,Ib", To<Pextrq, Vex<ToGeneral64>, Vex<ToMemory8>, FromXmm>(), RowFlags.Only64);
        t.Vex(Avx, "L0.66.0F3A.WIG 16 /r", "pextrd", "Ed,Vx,Ib", To<Pextrd, Vex<ToGeneral32>, Vex<ToMemory4>, FromXmm>());
        t.Vex(Avx, "L0.66.0F3A.WIG 17 /r", "extractps", "Ed,Vx,Ib", To<Pextrd, Vex<ToGeneral32>, Vex<ToMemory4>, FromXmm>());
        t.Vex(Avx, "L0.66.0F3A.WIG 20 /r", "pinsrb", "Vx,Hx,Rd,Ib", From<Pinsrb, ToVex, FromGeneral32, FromMemory1>());
        t.Vex(Avx, "L0.66.0F3A.WIG 20 /r", "pinsrb", "Vx,Hx,Mb,Ib", From<Pinsrb, ToVex, FromGeneral32, FromMemory1>());
        t.Vex(Avx, "L0.66.0F3A.WIG 21 /r", "insertps", "Vx,Hx,Ux,Ib", From<InsertpsRegister, ToVex, FromXmm, FromNone>());
        t.Vex(Avx, "L0.66.0F3A.WIG 21 /r", "insertps", "Vx,Hx,Md,Ib", From<InsertpsMemory, ToVex, FromNone, FromMemory4>());
        t.Vex(Avx, "L0.66.0F3A.W1 22 /r", "pinsrq", "Vx,Hx,Eq,Ib", From<Pinsrq, ToVex, FromGeneral64, FromMemory8>(), RowFlags.Only64);
        t.Vex(Avx, "L0.66.0F3A.WIG 22 /r", "pinsrd", "Vx,Hx,Ed,Ib", From<Pinsrd, ToVex, FromGeneral32, FromMemory4>());
    }

    private static void AddBroadcasts(RowBuilder t)
    {
        t.Vex(Avx, "L0.66.0F38.W0 18 /r", "broadcastss", "Vx,Md", VexUnary<Broadcast4, FromMemory4>());
        t.Vex(Avx, "L1.66.0F38.W0 18 /r", "broadcastss", "Vx,Md", YmmLow<Twice<OfUnary<Broadcast4>>, FromMemory4>());
        t.Vex(Avx2, "L0.66.0F38.W0 18 /r", "broadcastss", "Vx,Uo", VexUnary<Broadcast4, FromNone>());
        t.Vex(Avx2, "L1.66.0F38.W0 18 /r", "broadcastss", "Vx,Uo", YmmLow<Twice<OfUnary<Broadcast4>>, FromNone>());
        t.Vex(Avx, "L1.66.0F38.W0 19 /r", "broadcastsd", "Vx,Mq", YmmLow<Twice<OfUnary<Broadcast8>>, FromMemory8>());
        t.Vex(Avx2, "L1.66.0F38.W0 19 /r", "broadcastsd", "Vx,Uo", YmmLow<Twice<OfUnary<Broadcast8>>, FromNone>());
        t.Vex(Avx, "L1.66.0F38.W0 1A /r", "broadcastf128", "Vx,Mo", YmmLow<Twice<OfUnary<Move>>, FromMemory16>());
        t.Vex(Avx2, "L1.66.0F38.W0 5A /r", "broadcasti128", "Vx,Mo", YmmLow<Twice<OfUnary<Move>>, FromMemory16>());
        Broadcast<Broadcast1, FromMemory1>(t, "78", "pbroadcastb", "Wb");
        Broadcast<Broadcast2, FromMemory2>(t, "79", "pbroadcastw", "Ww");
        Broadcast<Broadcast4, FromMemory4>(t, "58", "pbroadcastd", "Wd");
        Broadcast<Broadcast8, FromMemory8>(t, "59", "pbroadcastq", "Wq");
    }

    private static void AddHalves(RowBuilder t)
    {
        t.Vex(Avx, "L1.66.0F3A.W0 18 /r", "insertf128", "Vx,Hx,Wo,Ib", YmmLow<Insert128, FromMemory16>());
        t.Vex(Avx, "L1.66.0F3A.W0 19 /r", "extractf128", "Wo,Vx,Ib", WideTo<Extract128, Narrow<ToVex>, Narrow<ToMemory16>, FromYmm>());
        t.Vex(Avx2, "L1.66.0F3A.W0 38 /r", "inserti128", "Vx,Hx,Wo,Ib", YmmLow<Insert128, FromMemory16>());
        t.Vex(Avx2, "L1.66.0F3A.W0 39 /r", "extracti128", "Wo,Vx,Ib", WideTo<Extract128, Narrow<ToVex>, Narrow<ToMemory16>, FromYmm>());
        t.Vex(Avx, "L1.66.0F3A.W0 06 /r", "perm2f128", "Vx,Hx,Wx,Ib", Ymm<Permute128>());
        t.Vex(Avx2, "L1.66.0F3A.W0 46 /r", "perm2i128", "Vx,Hx,Wx,Ib", Ymm<Permute128>());
    }

    private static void Unaligned(RowBuilder t, string prefix, string load, string store, string mnemonic)
    {
        t.Lanes<OfUnary<Move>>($"{prefix} {load} /r", mnemonic, Avx, "Vx,Wx");
        t.Vex(Avx, $"L0.{prefix} {store} /r", mnemonic, "Wx,Vx", To<OfUnary<Move>, ToVex, Vex<ToMemory16>, FromXmm>());
        t.Vex(Avx, $"L1.{prefix} {store} /r", mnemonic, "Wx,Vx", WideTo<EachLane<OfUnary<Move>, Nought>, ToYmm, ToMemory32, FromYmm>());
    }

    private static void Aligned(RowBuilder t, string prefix, string load, string store, string mnemonic)
    {
        t.Vex(Avx, $"L0.{prefix} {load} /r", mnemonic, "Vx,Wx", VexUnary<Move, FromMemory16Aligned>());
        t.Vex(Avx, $"L1.{prefix} {load} /r", mnemonic, "Vx,Wx", WideFrom<EachLane<OfUnary<Move>, Nought>, ToYmm, FromYmm, FromMemory32Aligned>());
        t.Vex(Avx, $"L0.{prefix} {store} /r", mnemonic, "Wx,Vx", To<OfUnary<Move>, ToVex, Vex<ToMemory16Aligned>, FromXmm>());
        t.Vex(Avx, $"L1.{prefix} {store} /r", mnemonic, "Wx,Vx", WideTo<EachLane<OfUnary<Move>, Nought>, ToYmm, ToMemory32Aligned, FromYmm>());
    }

    private static void StreamStore(RowBuilder t, string encoding, string mnemonic)
    {
        t.Vex(Avx, "L0." + encoding, mnemonic, "Mx,Vx", Store<OfUnary<Move>, ToMemory16Aligned>());
        t.Vex(Avx, "L1." + encoding, mnemonic, "Mx,Vx", WideTo<EachLane<OfUnary<Move>, Nought>, ToYmm, ToMemory32Aligned, FromYmm>());
    }

    private static void Half(RowBuilder t, string prefix, string suffix)
    {
        t.Vex(Avx, $"L0.{prefix} 12 /r", "movl" + suffix, "Vx,Hx,Mq", VexWith<OfBinary<MergeLow8>, FromMemory8>());
        t.Vex(Avx, $"L0.{prefix} 13 /r", "movl" + suffix, "Mq,Vx", Store<OfUnary<Move>, ToMemory8>());
        t.Vex(Avx, $"L0.{prefix} 16 /r", "movh" + suffix, "Vx,Hx,Mq", VexWith<OfBinary<Punpcklqdq>, FromMemory8>());
        t.Vex(Avx, $"L0.{prefix} 17 /r", "movh" + suffix, "Mq,Vx", Store<OfUnary<HighToLow>, ToMemory8>());
    }

    private static void Broadcast<TInsn, TMemory>(RowBuilder t, string opcode, string mnemonic, string source)
        where TInsn : struct, IVectorUnary
        where TMemory : struct, IVectorSource
    {
        t.Vex(Avx2, $"L0.66.0F38.W0 {opcode} /r", mnemonic, $"Vx,{source}", VexUnary<TInsn, TMemory>());
        t.Vex(Avx2, $"L1.66.0F38.W0 {opcode} /r", mnemonic, $"Vx,{source}", YmmLow<Twice<OfUnary<TInsn>>, TMemory>());
    }

    private static InstructionBinding Store<TInsn, TMemory>()
        where TInsn : struct, IVectorImmediate
        where TMemory : struct, IVectorDestination
        => To<TInsn, ToVex, Vex<TMemory>, FromXmm>();

    private static InstructionBinding WideMask<TInsn, TCount>()
        where TInsn : struct, IVectorUnary
        where TCount : struct, IConstantInteger
        => WideFrom<JoinedMasks<OfUnary<TInsn>, TCount>, Narrow<Vex<ToGeneral32>>, FromYmm, FromYmm>();
}
