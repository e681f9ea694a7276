using Sosia.Isa.X86.Semantics.Vector;
using static Sosia.Isa.X86.Semantics.Vector.VectorBindings;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Moves to, from and between MMX and XMM registers (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class VectorMoveRows
{
    public static void Add(RowBuilder t)
    {
        AddMmx(t);
        AddSse(t);
        AddSse2(t);
        t.Family("sse3", CpuFeature.Sse3);
        t.Row("F2 0F F0 /r", "lddqu", "Vx,Mx", XmmUnaryWith<Move, FromMemory16>());
        t.Row("F2 0F 12 /r", "movddup", "Vx,Wq", XmmUnaryWith<Movddup, FromMemory8>());
        t.Row("F3 0F 12 /r", "movsldup", "Vx,Wx", XmmUnary<Movsldup>());
        t.Row("F3 0F 16 /r", "movshdup", "Vx,Wx", XmmUnary<Movshdup>());
        t.Family("sse4.1", CpuFeature.Sse41);
        t.Row("66 0F 38 2A /r", "movntdqa", "Vx,Mx", XmmUnary<Move>());
    }

    private static void AddMmx(RowBuilder t)
    {
        t.Family("mmx", CpuFeature.Mmx);
        t.Row("NP 0F 6E /r", "movd", "Pq,Ed", From<OfUnary<Move>, ToMmx, FromGeneral32, FromMemory4>());
        t.Row("NP REX.W 0F 6E /r", "movq", "Pq,Eq", From<OfUnary<Move>, ToMmx, FromGeneral64, FromMemory8>());
        t.Row("NP 0F 7E /r", "movd", "Ed,Pq", To<OfUnary<Move>, ToGeneral32, ToMemory4, FromMmx>());
        t.Row("NP REX.W 0F 7E /r", "movq", "Eq,Pq", To<OfUnary<Move>, ToGeneral64, ToMemory8, FromMmx>());
        t.Row("NP 0F 6F /r", "movq", "Pq,Qq", MmxUnary<Move>());
        t.Row("NP 0F 7F /r", "movq", "Qq,Pq", To<OfUnary<Move>, ToMmx, ToMemory8, FromMmx>());
        t.Row("NP 0F 77", "emms", "", InstructionBinding.Helper(&MmxState.Emms));
        t.Family("sse", CpuFeature.Sse);
        t.Row("NP 0F E7 /r", "movntq", "Mq,Pq", To<OfUnary<Move>, ToMmx, ToMemory8, FromMmx>());
        t.Row("NP 0F F7 /r", "maskmovq", "Pq,Nq", InstructionBinding.Helper(&MaskedStore.Maskmovq));
    }

    private static void AddSse(RowBuilder t)
    {
        t.Family("sse", CpuFeature.Sse);
        t.Row("NP 0F 28 /r", "movaps", "Vx,Wx", XmmUnary<Move>());
        t.Row("NP 0F 29 /r", "movaps", "Wx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16Aligned, FromXmm>());
        t.Row("NP 0F 10 /r", "movups", "Vx,Wx", XmmUnaryWith<Move, FromMemory16>());
        t.Row("NP 0F 11 /r", "movups", "Wx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16, FromXmm>());
        t.Row("F3 0F 10 /r", "movss", "Vx,Wd", Load<OfBinary<MergeLow4>, OfUnary<Move>, FromMemory4>());
        t.Row("F3 0F 11 /r", "movss", "Wd,Vx", To<OfBinary<MergeLow4>, ToXmm, ToMemory4, FromXmm>());
        t.Row("NP 0F 12 /r", "movhlps", "Vx,Ux", XmmOnly<Movhlps>());
        t.Row("NP 0F 12 /r", "movlps", "Vx,Mq", XmmWith<MergeLow8, FromMemory8>());
        t.Row("NP 0F 13 /r", "movlps", "Mq,Vx", To<OfUnary<Move>, ToXmm, ToMemory8, FromXmm>());
        t.Row("NP 0F 16 /r", "movlhps", "Vx,Ux", XmmOnly<Punpcklqdq>());
        t.Row("NP 0F 16 /r", "movhps", "Vx,Mq", XmmWith<Punpcklqdq, FromMemory8>());
        t.Row("NP 0F 17 /r", "movhps", "Mq,Vx", To<OfUnary<HighToLow>, ToXmm, ToMemory8, FromXmm>());
        t.Row("NP 0F 2B /r", "movntps", "Mx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16Aligned, FromXmm>());
        t.Row("NP 0F 50 /r", "movmskps", "Gd,Ux", From<OfUnary<Movmskps>, ToGeneral32, FromXmm, FromNone>());
    }

    private static void AddSse2(RowBuilder t)
    {
        t.Family("sse2", CpuFeature.Sse2);
        t.Row("66 0F 28 /r", "movapd", "Vx,Wx", XmmUnary<Move>());
        t.Row("66 0F 29 /r", "movapd", "Wx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16Aligned, FromXmm>());
        t.Row("66 0F 10 /r", "movupd", "Vx,Wx", XmmUnaryWith<Move, FromMemory16>());
        t.Row("66 0F 11 /r", "movupd", "Wx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16, FromXmm>());
        t.Row("F2 0F 10 /r", "movsd", "Vx,Wq", Load<OfBinary<MergeLow8>, OfUnary<Move>, FromMemory8>());
        t.Row("F2 0F 11 /r", "movsd", "Wq,Vx", To<OfBinary<MergeLow8>, ToXmm, ToMemory8, FromXmm>());
        t.Row("66 0F 12 /r", "movlpd", "Vx,Mq", XmmWith<MergeLow8, FromMemory8>());
        t.Row("66 0F 13 /r", "movlpd", "Mq,Vx", To<OfUnary<Move>, ToXmm, ToMemory8, FromXmm>());
        t.Row("66 0F 16 /r", "movhpd", "Vx,Mq", XmmWith<Punpcklqdq, FromMemory8>());
        t.Row("66 0F 17 /r", "movhpd", "Mq,Vx", To<OfUnary<HighToLow>, ToXmm, ToMemory8, FromXmm>());
        t.Row("66 0F 2B /r", "movntpd", "Mx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16Aligned, FromXmm>());
        t.Row("66 0F 50 /r", "movmskpd", "Gd,Ux", From<OfUnary<Movmskpd>, ToGeneral32, FromXmm, FromNone>());
        t.Row("66 0F 6E /r", "movd", "Vx,Ed", From<OfUnary<Move>, ToXmm, FromGeneral32, FromMemory4>());
        t.Row("66 REX.W 0F 6E /r", "movq", "Vx,Eq", From<OfUnary<Move>, ToXmm, FromGeneral64, FromMemory8>());
        t.Row("66 0F 7E /r", "movd", "Ed,Vx", To<OfUnary<Move>, ToGeneral32, ToMemory4, FromXmm>());
        t.Row("66 REX.W 0F 7E /r", "movq", "Eq,Vx", To<OfUnary<Move>, ToGeneral64, ToMemory8, FromXmm>());
        t.Row("66 0F 6F /r", "movdqa", "Vx,Wx", XmmUnary<Move>());
        t.Row("66 0F 7F /r", "movdqa", "Wx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16Aligned, FromXmm>());
        t.Row("F3 0F 6F /r", "movdqu", "Vx,Wx", XmmUnaryWith<Move, FromMemory16>());
        t.Row("F3 0F 7F /r", "movdqu", "Wx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16, FromXmm>());
        t.Row("F3 0F 7E /r", "movq", "Vx,Wq", XmmUnaryWith<ZeroUpper, FromMemory8>());
        t.Row("66 0F D6 /r", "movq", "Wq,Vx", To<OfUnary<ZeroUpper>, ToXmm, ToMemory8, FromXmm>());
        t.Row("F3 0F D6 /r", "movq2dq", "Vx,Nq", From<OfUnary<Move>, ToXmm, FromMmx, FromNone>());
        t.Row("F2 0F D6 /r", "movdq2q", "Pq,Ux", From<OfUnary<Move>, ToMmx, FromXmm, FromNone>());
        t.Row("66 0F E7 /r", "movntdq", "Mx,Vx", To<OfUnary<Move>, ToXmm, ToMemory16Aligned, FromXmm>());
        t.Row("66 0F F7 /r", "maskmovdqu", "Vx,Ux", InstructionBinding.Helper(&MaskedStore.Maskmovdqu));
    }

    private static InstructionBinding XmmOnly<TInsn>()
        where TInsn : struct, IVectorBinary => XmmWith<TInsn, FromNone>();
}
