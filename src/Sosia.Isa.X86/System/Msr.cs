namespace Sosia.Isa.X86;

/// <summary>Numbers of the model-specific registers that exist (SDM vol. 4, chapter 2).</summary>
public static class Msr
{
    /// <summary>IA32_TIME_STAMP_COUNTER.</summary>
    public const uint TimeStampCounter = 0x10;

    /// <summary>IA32_PLATFORM_ID.</summary>
    public const uint PlatformId = 0x17;

    /// <summary>IA32_APIC_BASE.</summary>
    public const uint ApicBase = 0x1b;

    /// <summary>IA32_FEATURE_CONTROL.</summary>
    public const uint FeatureControl = 0x3a;

    /// <summary>IA32_SPEC_CTRL.</summary>
    public const uint SpecCtrl = 0x48;

    /// <summary>IA32_PRED_CMD.</summary>
    public const uint PredCmd = 0x49;

    /// <summary>IA32_BIOS_SIGN_ID.</summary>
    public const uint BiosSignature = 0x8b;

    /// <summary>IA32_MTRRCAP.</summary>
    public const uint MtrrCap = 0xfe;

    /// <summary>IA32_ARCH_CAPABILITIES.</summary>
    public const uint ArchCapabilities = 0x10a;

    /// <summary>IA32_SYSENTER_CS.</summary>
    public const uint SysenterCs = 0x174;

    /// <summary>IA32_SYSENTER_ESP.</summary>
    public const uint SysenterEsp = 0x175;

    /// <summary>IA32_SYSENTER_EIP.</summary>
    public const uint SysenterEip = 0x176;

    /// <summary>IA32_MCG_CAP.</summary>
    public const uint MachineCheckCap = 0x179;

    /// <summary>IA32_MCG_STATUS.</summary>
    public const uint MachineCheckStatus = 0x17a;

    /// <summary>IA32_MCG_CTL.</summary>
    public const uint MachineCheckControl = 0x17b;

    /// <summary>IA32_MISC_ENABLE.</summary>
    public const uint MiscEnable = 0x1a0;

    /// <summary>IA32_DEBUGCTL.</summary>
    public const uint DebugControl = 0x1d9;

    /// <summary>IA32_MTRR_PHYSBASE0; base and mask registers alternate.</summary>
    public const uint MtrrVariableFirst = 0x200;

    /// <summary>IA32_PAT.</summary>
    public const uint Pat = 0x277;

    /// <summary>IA32_MTRR_DEF_TYPE.</summary>
    public const uint MtrrDefType = 0x2ff;

    /// <summary>IA32_MC0_CTL; _STATUS, _ADDR and _MISC follow, and then the other banks.</summary>
    public const uint MachineCheckBanksFirst = 0x400;

    /// <summary>IA32_TSC_DEADLINE.</summary>
    public const uint TscDeadline = 0x6e0;

    /// <summary>The first x2APIC register.</summary>
    public const uint X2ApicFirst = 0x800;

    /// <summary>The last x2APIC register.</summary>
    public const uint X2ApicLast = 0x8ff;

    /// <summary>The first register of KVM's interface, MSR_KVM_WALL_CLOCK_NEW (Linux, Documentation/virt/kvm/x86/msr.rst).</summary>
    public const uint ParavirtualFirst = ParavirtualWallClock;

    /// <summary>MSR_KVM_WALL_CLOCK_NEW: where to put the time of power-on.</summary>
    public const uint ParavirtualWallClock = 0x4b56_4d00;

    /// <summary>MSR_KVM_SYSTEM_TIME_NEW: where to keep the paravirtual clock.</summary>
    public const uint ParavirtualSystemTime = 0x4b56_4d01;

    /// <summary>MSR_KVM_STEAL_TIME: where to keep how long the processor had to wait for the host.</summary>
    public const uint ParavirtualStealTime = 0x4b56_4d03;

    /// <summary>MSR_KVM_EOI_EN: where a bit says that an end of interrupt need not be written.</summary>
    public const uint ParavirtualEoi = 0x4b56_4d04;

    /// <summary>The last register of KVM's interface that exists here.</summary>
    public const uint ParavirtualLast = ParavirtualEoi;

    /// <summary>IA32_EFER.</summary>
    public const uint Efer = 0xc000_0080;

    /// <summary>IA32_STAR.</summary>
    public const uint Star = 0xc000_0081;

    /// <summary>IA32_LSTAR.</summary>
    public const uint Lstar = 0xc000_0082;

    /// <summary>IA32_CSTAR.</summary>
    public const uint Cstar = 0xc000_0083;

    /// <summary>IA32_FMASK.</summary>
    public const uint Fmask = 0xc000_0084;

    /// <summary>IA32_FS_BASE.</summary>
    public const uint FsBase = 0xc000_0100;

    /// <summary>IA32_GS_BASE.</summary>
    public const uint GsBase = 0xc000_0101;

    /// <summary>IA32_KERNEL_GS_BASE.</summary>
    public const uint KernelGsBase = 0xc000_0102;

    /// <summary>IA32_TSC_AUX.</summary>
    public const uint TscAux = 0xc000_0103;
}
