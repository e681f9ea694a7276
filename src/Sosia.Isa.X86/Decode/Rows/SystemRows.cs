using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>System registers, tables, modes, model-specific and extended state (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class SystemRows
{
    private const RowFlags End = RowFlags.EndsBlock;
    private const VirtualizationClass Privileged = VirtualizationClass.Privileged;
    private const VirtualizationClass Withholdable = VirtualizationClass.Withholdable;
    private const VirtualizationClass Sensitive = VirtualizationClass.Sensitive;

    public static void Add(RowBuilder t)
    {
        AddTables(t);
        AddControl(t);
        AddFlags(t);
        AddModel(t);
        AddExtendedState(t);
    }

    private static void AddTables(RowBuilder t)
    {
        t.Family("tables");
        t.Row("0F 00 /0", "sldt", "Ev", Helper(&DescriptorTables.Sldt), kind: Sensitive);
        t.Row("0F 00 /1", "str", "Ev", Helper(&DescriptorTables.Str), kind: Sensitive);
        t.Row("0F 00 /2", "lldt", "Ew", Helper(&DescriptorTables.Lldt), kind: Privileged);
        t.Row("0F 00 /3", "ltr", "Ew", Helper(&DescriptorTables.Ltr), kind: Privileged);
        t.Row("0F 00 /4", "verr", "Ew", Helper(&SelectorChecks.Verr), kind: Sensitive);
        t.Row("0F 00 /5", "verw", "Ew", Helper(&SelectorChecks.Verw), kind: Sensitive);
        t.Row("0F 01 /0", "sgdt", "Ms", Helper(&DescriptorTables.Sgdt), kind: Sensitive);
        t.Row("0F 01 /1", "sidt", "Ms", Helper(&DescriptorTables.Sidt), kind: Sensitive);
        t.Row("0F 01 /2", "lgdt", "Ms", Helper(&DescriptorTables.Lgdt), kind: Privileged);
        t.Row("0F 01 /3", "lidt", "Ms", Helper(&DescriptorTables.Lidt), kind: Privileged);
        t.Row("0F 01 /4", "smsw", "Ev", Helper(&DescriptorTables.Smsw), kind: Sensitive);
        t.Row("0F 01 /6", "lmsw", "Ew", Helper(&DescriptorTables.Lmsw), End, Privileged);
        t.Row("0F 02 /r", "lar", "Gv,Ew", Helper(&SelectorChecks.Lar), kind: Sensitive);
        t.Row("0F 03 /r", "lsl", "Gv,Ew", Helper(&SelectorChecks.Lsl), kind: Sensitive);
        t.Row("63 /r", "arpl", "Ew,Gw", Helper(&SelectorChecks.Arpl), RowFlags.Not64);
    }

    private static void AddControl(RowBuilder t)
    {
        t.Family("control");
        t.Row("0F 20 /r", "mov", "Rv,Cv", Helper(&ControlRegisters.MoveFromCr), RowFlags.Force64, Privileged);
        t.Row("0F 22 /r", "mov", "Cv,Rv", Helper(&ControlRegisters.MoveToCr), RowFlags.Force64 | End, Privileged);
        t.Row("0F 21 /r", "mov", "Rv,Dv", Helper(&ControlRegisters.MoveFromDr), RowFlags.Force64, Privileged);
        t.Row("0F 23 /r", "mov", "Dv,Rv", Helper(&ControlRegisters.MoveToDr), RowFlags.Force64 | End, Privileged);
        t.Row("0F 06", "clts", "", Helper(&ControlRegisters.Clts), kind: Privileged);
        t.Row("0F 08", "invd", "", Helper(&ControlRegisters.Wbinvd), kind: Privileged);
        t.Row("0F 09", "wbinvd", "", Helper(&ControlRegisters.Wbinvd), kind: Privileged);
        t.Row("0F 01 /7", "invlpg", "Mb", Helper(&ControlRegisters.Invlpg), RowFlags.AddressOnly | End, Privileged);
        t.Row("66 0F 38 82 /r", "invpcid", "Gv,M", Helper(&ControlRegisters.Invpcid), RowFlags.Force64 | End, Privileged, CpuFeature.Invpcid);
        t.Row("F4", "hlt", "", Helper(&FlagControl.Hlt), End, Privileged);
    }

    private static void AddFlags(RowBuilder t)
    {
        t.Family("system flags");
        t.Row("FA", "cli", "", Helper(&FlagControl.Cli, &SystemRecording.EmitCli), kind: Withholdable);
        t.Row("FB", "sti", "", Helper(&FlagControl.Sti), End, Withholdable);
        t.Row("9C", "pushf", "", Helper(&FlagControl.Pushf, &SystemRecording.EmitPushf), RowFlags.Default64, Sensitive);
        t.Row("9D", "popf", "", Helper(&FlagControl.Popf), RowFlags.Default64 | End, Sensitive);
        t.Row("NP 0F 01 CA", "clac", "", Helper(&FlagControl.Clac), kind: Privileged, feature: CpuFeature.Smap);
        t.Row("NP 0F 01 CB", "stac", "", Helper(&FlagControl.Stac), kind: Privileged, feature: CpuFeature.Smap);
    }

    private static void AddModel(RowBuilder t)
    {
        t.Family("model");
        t.Row("0F A2", "cpuid", "", Helper(&ModelSpecific.Cpuid), kind: Sensitive);
        t.Row("0F 30", "wrmsr", "", Helper(&ModelSpecific.Wrmsr), End, Privileged, CpuFeature.Msr);
        t.Row("0F 32", "rdmsr", "", Helper(&ModelSpecific.Rdmsr), kind: Privileged, feature: CpuFeature.Msr);
        t.Row("0F 31", "rdtsc", "", Helper(&ModelSpecific.Rdtsc), kind: Withholdable, feature: CpuFeature.Tsc);
        t.Row("0F 01 F9", "rdtscp", "", Helper(&ModelSpecific.Rdtscp), kind: Withholdable, feature: CpuFeature.Rdtscp);
        t.Row("0F 33", "rdpmc", "", Helper(&ModelSpecific.Rdpmc), kind: Privileged);
    }

    private static void AddExtendedState(RowBuilder t)
    {
        t.Family("extended state", CpuFeature.Xsave);
        t.Row("NP 0F AE /0", "fxsave", "Mv", Helper(&ExtendedState.Fxsave), feature: CpuFeature.Fxsr);
        t.Row("NP 0F AE /1", "fxrstor", "Mv", Helper(&ExtendedState.Fxrstor), feature: CpuFeature.Fxsr);
        t.Row("NP 0F AE /2", "ldmxcsr", "Md", Helper(&ExtendedState.Ldmxcsr), feature: CpuFeature.Sse);
        t.Row("NP 0F AE /3", "stmxcsr", "Md", Helper(&ExtendedState.Stmxcsr), feature: CpuFeature.Sse);
        t.Row("VEX.L0.NP.0F.WIG AE /2", "vldmxcsr", "Md", Helper(&ExtendedState.Ldmxcsr), feature: CpuFeature.Avx);
        t.Row("VEX.L0.NP.0F.WIG AE /3", "vstmxcsr", "Md", Helper(&ExtendedState.Stmxcsr), feature: CpuFeature.Avx);
        t.Row("NP 0F AE /4", "xsave", "Mv", Helper(&ExtendedState.Xsave), kind: Withholdable);
        t.Row("NP 0F AE /5", "xrstor", "Mv", Helper(&ExtendedState.Xrstor), kind: Withholdable);
        t.Row("NP 0F C7 /4", "xsavec", "Mv", Helper(&ExtendedState.Xsavec), kind: Withholdable, feature: CpuFeature.Xsavec);
        t.Row("NP 0F AE /6", "xsaveopt", "Mv", Helper(&ExtendedState.Xsaveopt), kind: Withholdable, feature: CpuFeature.Xsaveopt);
        t.Row("NP 0F 01 D0", "xgetbv", "", Helper(&ControlRegisters.Xgetbv), kind: Withholdable);
        t.Row("NP 0F 01 D1", "xsetbv", "", Helper(&ControlRegisters.Xsetbv), End, Privileged);
    }
}
