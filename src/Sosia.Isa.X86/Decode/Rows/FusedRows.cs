using Sosia.Isa.X86.Semantics.Vector;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>FMA and F16C (SDM vol. 2, each under its mnemonic).</summary>
internal static class FusedRows
{
    public static void Add(RowBuilder t)
    {
        t.Family("fma", CpuFeature.Fma);
        Packed<MultiplyAddSubtract>(t, "6", "vfmaddsub");
        Packed<MultiplySubtractAdd>(t, "7", "vfmsubadd");
        Packed<MultiplyAdd>(t, "8", "vfmadd");
        Packed<MultiplySubtract>(t, "A", "vfmsub");
        Packed<NegatedMultiplyAdd>(t, "C", "vfnmadd");
        Packed<NegatedMultiplySubtract>(t, "E", "vfnmsub");
        Scalar<MultiplyAdd>(t, "9", "vfmadd");
        Scalar<MultiplySubtract>(t, "B", "vfmsub");
        Scalar<NegatedMultiplyAdd>(t, "D", "vfnmadd");
        Scalar<NegatedMultiplySubtract>(t, "F", "vfnmsub");
        t.Family("f16c", CpuFeature.F16c);
        t.Row("VEX.L0.66.0F38.W0 13 /r", "vcvtph2ps", "Vx,Wq", WideBindings.VexFloat<Cvtph2ps, FromMemory8>());
        t.Row("VEX.L1.66.0F38.W0 13 /r", "vcvtph2ps", "Vx,Wo", WideBindings.WideFloat<WidenFloat<Cvtph2ps>, Low<FromXmm>, Low<FromMemory16>>());
        t.Row("VEX.L0.66.0F3A.W0 1D /r", "vcvtps2ph", "Wq,Vx,Ib", WideBindings.FloatTo<Cvtps2ph, ToVex, Vex<ToMemory8>, FromXmm>(), RowFlags.UnsignedImmediate);
        t.Row("VEX.L1.66.0F3A.W0 1D /r", "vcvtps2ph", "Wo,Vx,Ib", WideBindings.WideFloatTo<NarrowFloat<Cvtps2ph>, Narrow<ToVex>, Narrow<ToMemory16>>(), RowFlags.UnsignedImmediate);
    }

    private static void Packed<TSign>(RowBuilder t, string digit, string mnemonic)
        where TSign : struct, IFusedSign
    {
        Packed<Order132, TSign>(t, "9" + digit, mnemonic + "132");
        Packed<Order213, TSign>(t, "A" + digit, mnemonic + "213");
        Packed<Order231, TSign>(t, "B" + digit, mnemonic + "231");
    }

    private static void Packed<TOrder, TSign>(RowBuilder t, string opcode, string mnemonic)
        where TOrder : struct, IFusedOrder
        where TSign : struct, IFusedSign
    {
        t.Row($"VEX.L0.66.0F38.W0 {opcode} /r", mnemonic + "ps", "Vx,Hx,Wx", FusedHandlers.Packed<TOrder, TSign, Fused32, Sixteen, Low<FromXmm>, Low<FromMemory16>>());
        t.Row($"VEX.L1.66.0F38.W0 {opcode} /r", mnemonic + "ps", "Vx,Hx,Wx", FusedHandlers.Packed<TOrder, TSign, Fused32, ThirtyTwo, FromYmm, FromMemory32>());
        t.Row($"VEX.L0.66.0F38.W1 {opcode} /r", mnemonic + "pd", "Vx,Hx,Wx", FusedHandlers.Packed<TOrder, TSign, Fused64, Sixteen, Low<FromXmm>, Low<FromMemory16>>());
        t.Row($"VEX.L1.66.0F38.W1 {opcode} /r", mnemonic + "pd", "Vx,Hx,Wx", FusedHandlers.Packed<TOrder, TSign, Fused64, ThirtyTwo, FromYmm, FromMemory32>());
    }

    private static void Scalar<TSign>(RowBuilder t, string digit, string mnemonic)
        where TSign : struct, IFusedSign
    {
        Scalar<Order132, TSign>(t, "9" + digit, mnemonic + "132");
        Scalar<Order213, TSign>(t, "A" + digit, mnemonic + "213");
        Scalar<Order231, TSign>(t, "B" + digit, mnemonic + "231");
    }

    private static void Scalar<TOrder, TSign>(RowBuilder t, string opcode, string mnemonic)
        where TOrder : struct, IFusedOrder
        where TSign : struct, IFusedSign
    {
        t.Row($"VEX.LIG.66.0F38.W0 {opcode} /r", mnemonic + "ss", "Vo,Ho,Wd", FusedHandlers.Packed<TOrder, TSign, Fused32, Four, Low<FromXmm>, Low<FromMemory4>>());
        t.Row($"VEX.LIG.66.0F38.W1 {opcode} /r", mnemonic + "sd", "Vo,Ho,Wq", FusedHandlers.Packed<TOrder, TSign, Fused64, Eight, Low<FromXmm>, Low<FromMemory8>>());
    }
}
