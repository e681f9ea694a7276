using Sosia.Isa.X86.Semantics.Control;
using Sosia.Isa.X86.Semantics.X87;
using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>x87 instructions, opcodes D8 to DF and WAIT (SDM vol. 2, each under its mnemonic; vol. 2D, A.5).</summary>
internal static unsafe class X87Rows
{
    public static void Add(RowBuilder t)
    {
        t.Family("x87", CpuFeature.X87);
        AddControl(t);
        AddMemory(t);
        AddEnvironment(t);
        AddRegisters(t);
        AddConditionalMoves(t);
        AddArithmetic<AddOther>(t, "fadd", "fadd", 0, 0xc0);
        AddArithmetic<MultiplyByOther>(t, "fmul", "fmul", 1, 0xc8);
        AddArithmetic<SubtractOther>(t, "fsub", "fsubr", 4, 0xe0);
        AddArithmetic<SubtractFromOther>(t, "fsubr", "fsub", 5, 0xe8);
        AddArithmetic<DivideByOther>(t, "fdiv", "fdivr", 6, 0xf0);
        AddArithmetic<DivideOther>(t, "fdivr", "fdiv", 7, 0xf8);
        AddComparisons(t);
        AddFunctions(t);
    }

    private static void AddControl(RowBuilder t)
    {
        t.Row("9B", "wait", "", Helper(&X87Control.Wait));
        t.Row("DB E3", "fninit", "", Helper(&X87Control.Fninit));
        t.Row("DB E2", "fnclex", "", Helper(&X87Control.Fnclex));
        t.Row("D9 /5", "fldcw", "Mw", Helper(&X87Control.Fldcw));
        t.Row("D9 /7", "fnstcw", "Mw", Helper(&X87Control.Fnstcw));
        t.Row("DD /7", "fnstsw", "Mw", Helper(&X87Control.Fnstsw));
        t.Row("DF E0", "fnstsw", "AX", Helper(&X87Control.FnstswAx));
        t.Row("D9 D0", "fnop", "", Helper(&X87Control.Fnop));
        t.Row("DB E0", "fneni", "", Helper(&X87Control.Obsolete));
        t.Row("DB E1", "fndisi", "", Helper(&X87Control.Obsolete));
        t.Row("DB E4", "fnsetpm", "", Helper(&X87Control.Obsolete));
        t.Row("D9 F7", "fincstp", "", Helper(&X87Control.Fincstp));
        t.Row("D9 F6", "fdecstp", "", Helper(&X87Control.Fdecstp));
        t.Row("DD C0+i", "ffree", "STi", Helper(&X87Control.Ffree));
        t.Row("DF C0+i", "ffreep", "STi", Helper(&X87Control.Ffreep));
    }

    private static void AddMemory(RowBuilder t)
    {
        t.Row("D9 /0", "fld", "Md", Helper(&X87Memory.Load<Real32>));
        t.Row("DD /0", "fld", "Mq", Helper(&X87Memory.Load<Real64>));
        t.Row("DB /5", "fld", "Mt", Helper(&X87Memory.LoadExtended));
        t.Row("DF /0", "fild", "Mw", Helper(&X87Memory.Load<Integer16>));
        t.Row("DB /0", "fild", "Md", Helper(&X87Memory.Load<Integer32>));
        t.Row("DF /5", "fild", "Mq", Helper(&X87Memory.Load<Integer64>));
        t.Row("DF /4", "fbld", "Mt", Helper(&X87Memory.LoadDecimal));
        t.Row("D9 /2", "fst", "Md", Helper(&X87Memory.Store<Real32>));
        t.Row("DD /2", "fst", "Mq", Helper(&X87Memory.Store<Real64>));
        t.Row("D9 /3", "fstp", "Md", Helper(&X87Memory.StoreAndPop<Real32>));
        t.Row("DD /3", "fstp", "Mq", Helper(&X87Memory.StoreAndPop<Real64>));
        t.Row("DB /7", "fstp", "Mt", Helper(&X87Memory.StoreExtended));
        t.Row("DF /2", "fist", "Mw", Helper(&X87Memory.Store<Integer16>));
        t.Row("DB /2", "fist", "Md", Helper(&X87Memory.Store<Integer32>));
        t.Row("DF /3", "fistp", "Mw", Helper(&X87Memory.StoreAndPop<Integer16>));
        t.Row("DB /3", "fistp", "Md", Helper(&X87Memory.StoreAndPop<Integer32>));
        t.Row("DF /7", "fistp", "Mq", Helper(&X87Memory.StoreAndPop<Integer64>));
        t.Row("DF /1", "fisttp", "Mw", Helper(&X87Memory.StoreTruncated<Integer16>), feature: CpuFeature.Sse3);
        t.Row("DB /1", "fisttp", "Md", Helper(&X87Memory.StoreTruncated<Integer32>), feature: CpuFeature.Sse3);
        t.Row("DD /1", "fisttp", "Mq", Helper(&X87Memory.StoreTruncated<Integer64>), feature: CpuFeature.Sse3);
        t.Row("DF /6", "fbstp", "Mt", Helper(&X87Memory.StoreDecimal));
    }

    private static void AddEnvironment(RowBuilder t)
    {
        t.Row("D9 /6", "fnstenv", "Mv", Helper(&X87Environment.Fnstenv));
        t.Row("D9 /4", "fldenv", "Mv", Helper(&X87Environment.Fldenv));
        t.Row("DD /6", "fnsave", "Mv", Helper(&X87Environment.Fnsave));
        t.Row("DD /4", "frstor", "Mv", Helper(&X87Environment.Frstor));
    }

    // With the aliases that the manual leaves out and every processor has.
    private static void AddRegisters(RowBuilder t)
    {
        t.Row("D9 C0+i", "fld", "STi", Helper(&X87Registers.Fld));
        t.Row("DD D0+i", "fst", "STi", Helper(&X87Registers.Fst));
        t.Row("DD D8+i", "fstp", "STi", Helper(&X87Registers.Fstp));
        t.Row("DF D0+i", "fstp", "STi", Helper(&X87Registers.Fstp));
        t.Row("DF D8+i", "fstp", "STi", Helper(&X87Registers.Fstp));
        t.Row("D9 D8+i", "fstpnce", "STi", Helper(&X87Registers.Fstpnce));
        t.Row("D9 C8+i", "fxch", "STi", Helper(&X87Registers.Fxch));
        t.Row("DD C8+i", "fxch", "STi", Helper(&X87Registers.Fxch));
        t.Row("DF C8+i", "fxch", "STi", Helper(&X87Registers.Fxch));
        t.Row("D9 E8", "fld1", "", Helper(&X87Registers.Fld1));
        t.Row("D9 E9", "fldl2t", "", Helper(&X87Registers.Fldl2t));
        t.Row("D9 EA", "fldl2e", "", Helper(&X87Registers.Fldl2e));
        t.Row("D9 EB", "fldpi", "", Helper(&X87Registers.Fldpi));
        t.Row("D9 EC", "fldlg2", "", Helper(&X87Registers.Fldlg2));
        t.Row("D9 ED", "fldln2", "", Helper(&X87Registers.Fldln2));
        t.Row("D9 EE", "fldz", "", Helper(&X87Registers.Fldz));
    }

    private static void AddConditionalMoves(RowBuilder t)
    {
        const CpuFeature Cmov = CpuFeature.Cmov;
        t.Row("DA C0+i", "fcmovb", "ST0,STi", Helper(&X87Registers.Fcmov<Below>), feature: Cmov);
        t.Row("DA C8+i", "fcmove", "ST0,STi", Helper(&X87Registers.Fcmov<Zero>), feature: Cmov);
        t.Row("DA D0+i", "fcmovbe", "ST0,STi", Helper(&X87Registers.Fcmov<BelowOrEqual>), feature: Cmov);
        t.Row("DA D8+i", "fcmovu", "ST0,STi", Helper(&X87Registers.Fcmov<Parity>), feature: Cmov);
        t.Row("DB C0+i", "fcmovnb", "ST0,STi", Helper(&X87Registers.Fcmov<AboveOrEqual>), feature: Cmov);
        t.Row("DB C8+i", "fcmovne", "ST0,STi", Helper(&X87Registers.Fcmov<NotZero>), feature: Cmov);
        t.Row("DB D0+i", "fcmovnbe", "ST0,STi", Helper(&X87Registers.Fcmov<Above>), feature: Cmov);
        t.Row("DB D8+i", "fcmovnu", "ST0,STi", Helper(&X87Registers.Fcmov<NotParity>), feature: Cmov);
    }

    /// <summary>All forms of an operation: the same digit selects it everywhere, but with ST(i) as the destination FSUB and FDIV swap names with their reverses.</summary>
    private static void AddArithmetic<TOperation>(RowBuilder t, string name, string nameIntoOther, int digit, int modRm)
        where TOperation : struct, IX87Operation
    {
        string integerName = "fi" + name[1..];
        t.Row($"D8 /{digit}", name, "Md", Helper(&X87Arithmetic.Memory<TOperation, Real32>));
        t.Row($"DC /{digit}", name, "Mq", Helper(&X87Arithmetic.Memory<TOperation, Real64>));
        t.Row($"DE /{digit}", integerName, "Mw", Helper(&X87Arithmetic.Memory<TOperation, Integer16>));
        t.Row($"DA /{digit}", integerName, "Md", Helper(&X87Arithmetic.Memory<TOperation, Integer32>));
        t.Row($"D8 {modRm:X2}+i", name, "ST0,STi", Helper(&X87Arithmetic.IntoTop<TOperation>));
        t.Row($"DC {modRm:X2}+i", nameIntoOther, "STi,ST0", Helper(&X87Arithmetic.IntoOther<TOperation>));
        t.Row($"DE {modRm:X2}+i", nameIntoOther + "p", "STi,ST0", Helper(&X87Arithmetic.IntoOtherAndPop<TOperation>));
    }

    private static void AddComparisons(RowBuilder t)
    {
        const CpuFeature Cmov = CpuFeature.Cmov;
        t.Row("D8 /2", "fcom", "Md", Helper(&X87Compare.Memory<Real32>));
        t.Row("DC /2", "fcom", "Mq", Helper(&X87Compare.Memory<Real64>));
        t.Row("DE /2", "ficom", "Mw", Helper(&X87Compare.Memory<Integer16>));
        t.Row("DA /2", "ficom", "Md", Helper(&X87Compare.Memory<Integer32>));
        t.Row("D8 /3", "fcomp", "Md", Helper(&X87Compare.MemoryAndPop<Real32>));
        t.Row("DC /3", "fcomp", "Mq", Helper(&X87Compare.MemoryAndPop<Real64>));
        t.Row("DE /3", "ficomp", "Mw", Helper(&X87Compare.MemoryAndPop<Integer16>));
        t.Row("DA /3", "ficomp", "Md", Helper(&X87Compare.MemoryAndPop<Integer32>));
        t.Row("D8 D0+i", "fcom", "STi", Helper(&X87Compare.Fcom));
        t.Row("DC D0+i", "fcom", "STi", Helper(&X87Compare.Fcom));
        t.Row("D8 D8+i", "fcomp", "STi", Helper(&X87Compare.Fcomp));
        t.Row("DC D8+i", "fcomp", "STi", Helper(&X87Compare.Fcomp));
        t.Row("DE D0+i", "fcomp", "STi", Helper(&X87Compare.Fcomp));
        t.Row("DE D9", "fcompp", "", Helper(&X87Compare.Fcompp));
        t.Row("DD E0+i", "fucom", "STi", Helper(&X87Compare.Fucom));
        t.Row("DD E8+i", "fucomp", "STi", Helper(&X87Compare.Fucomp));
        t.Row("DA E9", "fucompp", "", Helper(&X87Compare.Fucompp));
        t.Row("DB F0+i", "fcomi", "ST0,STi", Helper(&X87Compare.Fcomi), feature: Cmov);
        t.Row("DF F0+i", "fcomip", "ST0,STi", Helper(&X87Compare.Fcomip), feature: Cmov);
        t.Row("DB E8+i", "fucomi", "ST0,STi", Helper(&X87Compare.Fucomi), feature: Cmov);
        t.Row("DF E8+i", "fucomip", "ST0,STi", Helper(&X87Compare.Fucomip), feature: Cmov);
        t.Row("D9 E4", "ftst", "", Helper(&X87Compare.Ftst));
        t.Row("D9 E5", "fxam", "", Helper(&X87Compare.Fxam));
    }

    private static void AddFunctions(RowBuilder t)
    {
        t.Row("D9 E0", "fchs", "", Helper(&X87Arithmetic.Function<ChangeSign>));
        t.Row("D9 E1", "fabs", "", Helper(&X87Arithmetic.Function<Magnitude>));
        t.Row("D9 FA", "fsqrt", "", Helper(&X87Arithmetic.Function<SquareRoot>));
        t.Row("D9 FC", "frndint", "", Helper(&X87Arithmetic.Function<RoundToIntegral>));
        t.Row("D9 FD", "fscale", "", Helper(&X87Arithmetic.WithNext<ScaleByOther>));
        t.Row("D9 F0", "f2xm1", "", Helper(&X87Arithmetic.Function<TwoToXMinus1>));
        t.Row("D9 F1", "fyl2x", "", Helper(&X87Arithmetic.IntoNextAndPop<LogarithmByOther>));
        t.Row("D9 F9", "fyl2xp1", "", Helper(&X87Arithmetic.IntoNextAndPop<LogarithmPlus1ByOther>));
        t.Row("D9 F3", "fpatan", "", Helper(&X87Arithmetic.IntoNextAndPop<ArcTangentOfOther>));
        t.Row("D9 F2", "fptan", "", Helper(&X87Transcendental.Fptan));
        t.Row("D9 FE", "fsin", "", Helper(&X87Transcendental.Fsin));
        t.Row("D9 FF", "fcos", "", Helper(&X87Transcendental.Fcos));
        t.Row("D9 FB", "fsincos", "", Helper(&X87Transcendental.Fsincos));
        t.Row("D9 F4", "fxtract", "", Helper(&X87Transcendental.Fxtract));
        t.Row("D9 F8", "fprem", "", Helper(&X87Transcendental.Fprem));
        t.Row("D9 F5", "fprem1", "", Helper(&X87Transcendental.Fprem1));
    }
}
