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
}
