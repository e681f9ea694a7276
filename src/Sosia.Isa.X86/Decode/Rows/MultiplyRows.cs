using Sosia.Isa.X86.Semantics.Multiply;
using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Multiplication, division and sign extension of the accumulator (SDM vol. 2, each under its mnemonic).</summary>
internal static class MultiplyRows
{
    public static void Add(RowBuilder t)
    {
        t.Family("multiply");
        t.Row("F6 /4", "mul", "Eb", Unary<Mul>(), RowFlags.ReadsOnly);
        t.Row("F7 /4", "mul", "Ev", Unary<Mul>(), RowFlags.ReadsOnly);
        t.Row("F6 /5", "imul", "Eb", Unary<ImulWide>(), RowFlags.ReadsOnly);
        t.Row("F7 /5", "imul", "Ev", Unary<ImulWide>(), RowFlags.ReadsOnly);
        t.Row("F6 /6", "div", "Eb", Unary<Div>(), RowFlags.ReadsOnly);
        t.Row("F7 /6", "div", "Ev", Unary<Div>(), RowFlags.ReadsOnly);
        t.Row("F6 /7", "idiv", "Eb", Unary<Idiv>(), RowFlags.ReadsOnly);
        t.Row("F7 /7", "idiv", "Ev", Unary<Idiv>(), RowFlags.ReadsOnly);
        t.Row("0F AF /r", "imul", "Gv,Ev", Load<Imul>());
        t.Row("69 /r", "imul", "Gv,Ev,Iz", Load<ImulImmediate>());
        t.Row("6B /r", "imul", "Gv,Ev,Is", Load<ImulImmediate>());
        t.Row("o16 98", "cbw", "", Unary<Cbw>());
        t.Row("o32 98", "cwde", "", Unary<Cbw>());
        t.Row("o64 98", "cdqe", "", Unary<Cbw>());
        t.Row("o16 99", "cwd", "", Unary<Cwd>());
        t.Row("o32 99", "cdq", "", Unary<Cwd>());
        t.Row("o64 99", "cqo", "", Unary<Cwd>());
        t.Row("VEX.L0.F2.0F38 F6 /r", "mulx", "Gy,By,Ey", Load<Mulx>(), feature: CpuFeature.Bmi2);
        t.Row("66 0F 38 F6 /r", "adcx", "Gy,Ey", Load<Adcx>(), feature: CpuFeature.Adx);
        t.Row("F3 0F 38 F6 /r", "adox", "Gy,Ey", Load<Adox>(), feature: CpuFeature.Adx);
    }
}
