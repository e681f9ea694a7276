using Sosia.Isa.X86.Semantics.Control;
using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Near control transfer, conditions and the stack (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class NearRows
{
    public static void Add(RowBuilder t)
    {
        t.Family("near");
        Condition<Overflow>(t, 0, "o");
        Condition<NotOverflow>(t, 1, "no");
        Condition<Below>(t, 2, "b");
        Condition<AboveOrEqual>(t, 3, "ae");
        Condition<Zero>(t, 4, "e");
        Condition<NotZero>(t, 5, "ne");
        Condition<BelowOrEqual>(t, 6, "be");
        Condition<Above>(t, 7, "a");
        Condition<Sign>(t, 8, "s");
        Condition<NotSign>(t, 9, "ns");
        Condition<Parity>(t, 10, "p");
        Condition<NotParity>(t, 11, "np");
        Condition<Less>(t, 12, "l");
        Condition<GreaterOrEqual>(t, 13, "ge");
        Condition<LessOrEqual>(t, 14, "le");
        Condition<Greater>(t, 15, "g");

        const RowFlags Branch = RowFlags.EndsBlock | RowFlags.Force64;
        t.Row("E0", "loopne", "Jb", Custom(&NearBranch.SelectLoop), Branch);
        t.Row("E1", "loope", "Jb", Custom(&NearBranch.SelectLoop), Branch);
        t.Row("E2", "loop", "Jb", Custom(&NearBranch.SelectLoop), Branch);
        t.Row("E3", "jcxz", "Jb", Custom(&NearBranch.SelectLoop), Branch);
        t.Row("E8", "call", "Jz", Custom(&NearBranch.SelectCall, &NearBranch.EmitCall), Branch);
        t.Row("E9", "jmp", "Jz", Custom(&NearBranch.SelectJump, &NearBranch.EmitJump), Branch);
        t.Row("EB", "jmp", "Jb", Custom(&NearBranch.SelectJump, &NearBranch.EmitJump), Branch);
        t.Row("FF /2", "call", "Ev", Custom(&NearBranch.SelectCallIndirect, &NearBranch.EmitCallIndirect), Branch);
        t.Row("FF /4", "jmp", "Ev", Custom(&NearBranch.SelectJumpIndirect, &NearBranch.EmitJumpIndirect), Branch);
        t.Row("C2", "ret", "Iw", Custom(&NearBranch.SelectReturn, &NearBranch.EmitReturn), Branch);
        t.Row("C3", "ret", "", Custom(&NearBranch.SelectReturn, &NearBranch.EmitReturn), Branch);

        t.Family("stack");
        t.Row("50+r", "push", "Zv", Custom(&PushPop.SelectPushRegister, &PushPop.EmitPush), RowFlags.Default64);
        t.Row("58+r", "pop", "Zv", Custom(&PushPop.SelectPopRegister, &PushPop.EmitPop), RowFlags.Default64);
        t.Row("68", "push", "Iz", Custom(&PushPop.SelectPushImmediate, &PushPop.EmitPush), RowFlags.Default64);
        t.Row("6A", "push", "Is", Custom(&PushPop.SelectPushImmediate, &PushPop.EmitPush), RowFlags.Default64);
        t.Row("8F /0", "pop", "Ev", Custom(&PushPop.SelectPop, &PushPop.EmitPop), RowFlags.Default64);
        t.Row("FF /6", "push", "Ev", Custom(&PushPop.SelectPush, &PushPop.EmitPush), RowFlags.Default64);
        t.Row("C9", "leave", "", Custom(&PushPop.SelectLeave, &PushPop.EmitLeave), RowFlags.Default64);
    }

    private static void Condition<TCondition>(RowBuilder t, int number, string suffix)
        where TCondition : struct, ICondition
    {
        t.Row($"{0x70 + number:X2}", "j" + suffix, "Jb", Custom(&NearBranch.SelectJcc<TCondition>, &NearBranch.EmitJcc<TCondition>), RowFlags.EndsBlock | RowFlags.Force64);
        t.Row($"0F {0x80 + number:X2}", "j" + suffix, "Jz", Custom(&NearBranch.SelectJcc<TCondition>, &NearBranch.EmitJcc<TCondition>), RowFlags.EndsBlock | RowFlags.Force64);
        t.Row($"0F {0x90 + number:X2} /r", "set" + suffix, "Eb", Unary<Setcc<TCondition>>());
        t.Row($"0F {0x40 + number:X2} /r", "cmov" + suffix, "Gv,Ev", Load<Cmovcc<TCondition>>(), feature: CpuFeature.Cmov);
    }
}
