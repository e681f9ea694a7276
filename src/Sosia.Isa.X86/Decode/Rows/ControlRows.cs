using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Far control transfer, software interrupts, system calls (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class ControlRows
{
    public static void Add(RowBuilder t)
    {
        const RowFlags End = RowFlags.EndsBlock;
        const VirtualizationClass Sensitive = VirtualizationClass.Sensitive;
        t.Family("far");
        t.Row("EA", "jmp", "Ap", Helper(&FarTransfer.JumpImmediate), End | RowFlags.Not64, Sensitive);
        t.Row("9A", "call", "Ap", Helper(&FarTransfer.CallImmediate), End | RowFlags.Not64, Sensitive);
        t.Row("FF /5", "jmp", "Mp", Helper(&FarTransfer.JumpMemory), End, Sensitive);
        t.Row("FF /3", "call", "Mp", Helper(&FarTransfer.CallMemory), End, Sensitive);
        t.Row("CA", "retf", "Iw", Helper(&FarReturn.Return), End, Sensitive);
        t.Row("CB", "retf", "", Helper(&FarReturn.Return), End, Sensitive);
        t.Row("CF", "iret", "", Helper(&FarReturn.InterruptReturn), End, Sensitive);

        t.Family("interrupts");
        t.Row("CC", "int3", "", Helper(&SoftwareInterrupts.Int3), End, Sensitive);
        t.Row("CD", "int", "Ib", Helper(&SoftwareInterrupts.Int), End | RowFlags.UnsignedImmediate, Sensitive);
        t.Row("CE", "into", "", Helper(&SoftwareInterrupts.Into), End | RowFlags.Not64, Sensitive);
        t.Row("F1", "int1", "", Helper(&SoftwareInterrupts.Int1), End);
        t.Row("0F 0B", "ud2", "", Helper(&SoftwareInterrupts.Undefined), End);
        t.Row("0F B9 /r", "ud1", "Gv,Ev", Helper(&SoftwareInterrupts.Undefined), End);
        t.Row("0F FF /r", "ud0", "Gv,Ev", Helper(&SoftwareInterrupts.Undefined), End);

        t.Family("syscalls");
        t.Row("0F 05", "syscall", "", Helper(&SystemCalls.Syscall), End, VirtualizationClass.Withholdable, CpuFeature.LongMode);
        t.Row("0F 07", "sysret", "", Helper(&SystemCalls.Sysret), End, VirtualizationClass.Privileged, CpuFeature.LongMode);
        t.Row("0F 34", "sysenter", "", Helper(&SystemCalls.Sysenter), End, VirtualizationClass.Withholdable, CpuFeature.Sep);
        t.Row("0F 35", "sysexit", "", Helper(&SystemCalls.Sysexit), End, VirtualizationClass.Privileged, CpuFeature.Sep);
        t.Row("0F 01 F8", "swapgs", "", Helper(&SystemCalls.Swapgs, &SystemRecording.EmitSwapgs), RowFlags.Only64, VirtualizationClass.Privileged, CpuFeature.LongMode);
        t.Row("F3 0F AE /0", "rdfsbase", "Ry", Helper(&SystemCalls.Rdfsbase), RowFlags.Only64, VirtualizationClass.Withholdable, CpuFeature.Fsgsbase);
        t.Row("F3 0F AE /1", "rdgsbase", "Ry", Helper(&SystemCalls.Rdgsbase), RowFlags.Only64, VirtualizationClass.Withholdable, CpuFeature.Fsgsbase);
        t.Row("F3 0F AE /2", "wrfsbase", "Ry", Helper(&SystemCalls.Wrfsbase), RowFlags.Only64, VirtualizationClass.Withholdable, CpuFeature.Fsgsbase);
        t.Row("F3 0F AE /3", "wrgsbase", "Ry", Helper(&SystemCalls.Wrgsbase), RowFlags.Only64, VirtualizationClass.Withholdable, CpuFeature.Fsgsbase);

        AddSegmentLoads(t);
    }

    private static void AddSegmentLoads(RowBuilder t)
    {
        // Of the selectors that can be read, those of CS and SS show the privilege level.
        // Loads of SS change how code runs, and those of ES and DS may change what translations take for granted.
        t.Family("segments");
        t.Row("8E /r", "mov", "Sw,Ew", Helper(&SegmentLoads.MoveTo), RowFlags.EndsBlock, VirtualizationClass.Sensitive);
        t.Row("8C /r", "mov", "Ev,Sw", Helper(&SegmentLoads.MoveFrom), RowFlags.None, VirtualizationClass.Sensitive);
        Stack(t, "06", "07", "ES", RowFlags.Not64, VirtualizationClass.Innocuous);
        t.Row("0E", "push", "CS", Helper(&SegmentLoads.Push), RowFlags.Not64, VirtualizationClass.Sensitive);
        Stack(t, "16", "17", "SS", RowFlags.Not64, VirtualizationClass.Sensitive);
        Stack(t, "1E", "1F", "DS", RowFlags.Not64, VirtualizationClass.Innocuous);
        Stack(t, "0F A0", "0F A1", "FS", RowFlags.Default64, VirtualizationClass.Innocuous);
        Stack(t, "0F A8", "0F A9", "GS", RowFlags.Default64, VirtualizationClass.Innocuous);
        t.Row("C4 /r", "les", "Gv,Mp", Helper(&SegmentLoads.Les), RowFlags.EndsBlock | RowFlags.Not64, VirtualizationClass.Sensitive);
        t.Row("C5 /r", "lds", "Gv,Mp", Helper(&SegmentLoads.Lds), RowFlags.EndsBlock | RowFlags.Not64, VirtualizationClass.Sensitive);
        t.Row("0F B2 /r", "lss", "Gv,Mp", Helper(&SegmentLoads.Lss), RowFlags.EndsBlock, VirtualizationClass.Sensitive);
        t.Row("0F B4 /r", "lfs", "Gv,Mp", Helper(&SegmentLoads.Lfs), RowFlags.None, VirtualizationClass.Sensitive);
        t.Row("0F B5 /r", "lgs", "Gv,Mp", Helper(&SegmentLoads.Lgs), RowFlags.None, VirtualizationClass.Sensitive);
    }

    private static void Stack(RowBuilder t, string push, string pop, string segment, RowFlags flags, VirtualizationClass pushClass)
    {
        t.Row(push, "push", segment, Helper(&SegmentLoads.Push), flags, pushClass);
        t.Row(pop, "pop", segment, Helper(&SegmentLoads.Pop), flags | RowFlags.EndsBlock, VirtualizationClass.Sensitive);
    }
}
