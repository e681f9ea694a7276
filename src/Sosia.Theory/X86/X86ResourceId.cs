namespace Sosia.Theory.X86;

/// <summary>The resources of an x86 that states differ in; bits of <see cref="Variant.Resources"/>.</summary>
internal enum X86ResourceId
{
    /// <summary>EFLAGS.IF.</summary>
    InterruptFlag,

    /// <summary>EFLAGS.IOPL.</summary>
    Iopl,

    /// <summary>CR0.TS.</summary>
    TaskSwitched,

    /// <summary>CR0.EM.</summary>
    Emulation,

    /// <summary>CR0.MP.</summary>
    Monitor,

    /// <summary>CR0.NE.</summary>
    NumericError,

    /// <summary>CR0.WP.</summary>
    WriteProtect,

    /// <summary>CR0.AM.</summary>
    AlignmentMask,

    /// <summary>CR0.CD and CR0.NW.</summary>
    CacheDisable,

    /// <summary>CR4.TSD.</summary>
    TimeStampDisable,

    /// <summary>CR4.DE.</summary>
    DebugExtensions,

    /// <summary>CR4.PCE.</summary>
    PerformanceCounters,

    /// <summary>CR4.OSFXSR.</summary>
    Osfxsr,

    /// <summary>CR4.OSXMMEXCPT.</summary>
    Osxmmexcpt,

    /// <summary>CR4.OSXSAVE.</summary>
    Osxsave,

    /// <summary>CR4.FSGSBASE.</summary>
    Fsgsbase,

    /// <summary>CR4.PGE.</summary>
    GlobalPages,

    /// <summary>XCR0.</summary>
    Xcr0,

    /// <summary>The GDT's limit.</summary>
    GdtLimit,

    /// <summary>The IDT's limit.</summary>
    IdtLimit,

    /// <summary>LDTR.</summary>
    Ldtr,

    /// <summary>TR.</summary>
    TaskRegister,

    /// <summary>The GDT's descriptors that the program does not run with.</summary>
    GdtContent,

    /// <summary>The LDT's descriptors.</summary>
    LdtContent,

    /// <summary>The levels of the IDT's gates.</summary>
    GateLevel,

    /// <summary>The I/O permission map.</summary>
    PortMap,

    /// <summary>DR0 to DR3.</summary>
    BreakpointAddresses,

    /// <summary>DR7.GD.</summary>
    GeneralDetect,

    /// <summary>EFER.SCE.</summary>
    SyscallEnable,

    /// <summary>IA32_STAR.</summary>
    Star,

    /// <summary>IA32_LSTAR.</summary>
    Lstar,

    /// <summary>IA32_FMASK.</summary>
    Fmask,

    /// <summary>IA32_SYSENTER_CS.</summary>
    SysenterCs,

    /// <summary>IA32_SYSENTER_ESP.</summary>
    SysenterEsp,

    /// <summary>IA32_SYSENTER_EIP.</summary>
    SysenterEip,

    /// <summary>The time-stamp counter's offset.</summary>
    TscOffset,

    /// <summary>IA32_TSC_AUX.</summary>
    TscAux,

    /// <summary>IA32_KERNEL_GS_BASE.</summary>
    KernelGsBase,

    /// <summary>IA32_PAT.</summary>
    Pat,

    /// <summary>CR2.</summary>
    Cr2,

    /// <summary>IA32_SPEC_CTRL.</summary>
    SpecCtrl,

    /// <summary>IA32_MISC_ENABLE.</summary>
    MiscEnable,
}
