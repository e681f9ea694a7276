using System;

namespace Sosia.Theory.X86;

/// <summary>The resources in the order of <see cref="X86ResourceId"/>.</summary>
internal static class X86Resources
{
    /// <summary>All of them. Rights are granted in most states: where everything traps there is nothing to compare.</summary>
    public static X86Resource[] All { get; } =
    [
        new(X86ResourceId.InterruptFlag, "IF", [0, 1]),
        new(X86ResourceId.Iopl, "IOPL", [0, 3], withheld: 0),
        new(X86ResourceId.TaskSwitched, "CR0.TS", [0, 0, 0, 0, 0, 0, 0, 1]),
        new(X86ResourceId.Emulation, "CR0.EM", [0, 0, 0, 0, 0, 0, 0, 1]),
        new(X86ResourceId.Monitor, "CR0.MP", [0, 1]),
        new(X86ResourceId.NumericError, "CR0.NE", [0, 1]),
        new(X86ResourceId.WriteProtect, "CR0.WP", [0, 1]),
        new(X86ResourceId.AlignmentMask, "CR0.AM", [0, 1]),
        new(X86ResourceId.CacheDisable, "CR0.CD", [0, 1]),
        new(X86ResourceId.TimeStampDisable, "CR4.TSD", [0, 1], withheld: 1),
        new(X86ResourceId.DebugExtensions, "CR4.DE", [0, 1]),
        new(X86ResourceId.PerformanceCounters, "CR4.PCE", [0, 1], withheld: 0),
        new(X86ResourceId.Osfxsr, "CR4.OSFXSR", [1, 1, 1, 1, 1, 1, 1, 0]),
        new(X86ResourceId.Osxmmexcpt, "CR4.OSXMMEXCPT", [0, 1]),
        new(X86ResourceId.Osxsave, "CR4.OSXSAVE", [1, 1, 1, 0], withheld: 0),
        new(X86ResourceId.Fsgsbase, "CR4.FSGSBASE", [1, 1, 0], withheld: 0),
        new(X86ResourceId.GlobalPages, "CR4.PGE", [0, 1]),
        new(X86ResourceId.Xcr0, "XCR0", [7, 7, 7, 3, 1]),
        new(X86ResourceId.GdtLimit, "GDTR.limit", [X86Selectors.GdtLimit, X86Selectors.GdtLimit, X86Selectors.GdtLimit, X86Selectors.ShortGdtLimit]),
        new(X86ResourceId.IdtLimit, "IDTR.limit", [0xfff, 0xfff, 0xbff]),
        new(X86ResourceId.Ldtr, "LDTR", [X86Selectors.Ldt, X86Selectors.Ldt, X86Selectors.Ldt, 0]),
        new(X86ResourceId.TaskRegister, "TR", [X86Selectors.Task, X86Selectors.OtherTask]),
        new(X86ResourceId.GdtContent, "GDT descriptors", [0, 1, 2, 3], format: static v => $"limits and AVL of the GDT's spare descriptors ({v})"),
        new(X86ResourceId.LdtContent, "LDT descriptors", [0, 1], format: static v => $"limits of the LDT's descriptors ({v})"),
        new(X86ResourceId.GateLevel, "gate DPL", [3, 3, 0]),
        new(X86ResourceId.PortMap, "I/O permission map", [0, 0, 0xff, 0x5a], withheld: 0xff, format: static v => $"I/O permission map all 0x{v:x2}"),
        new(X86ResourceId.BreakpointAddresses, "DR0–DR3", [0x1000, 0x2000]),
        new(X86ResourceId.GeneralDetect, "DR7.GD", [0, 0, 0, 1]),
        new(X86ResourceId.SyscallEnable, "EFER.SCE", [1, 1, 1, 0], withheld: 0),
        new(X86ResourceId.Star, "STAR", [0x0038_0038_0000_0000, 0x0020_0038_0000_0000]),
        new(X86ResourceId.Lstar, "LSTAR", [X86Layout.Landing, X86Layout.Landing + 0x100]),
        new(X86ResourceId.Fmask, "FMASK", [0, 0x4_7700]),
        new(X86ResourceId.SysenterCs, "SYSENTER_CS", [0x38, 0x38, 0x40, 0], withheld: 0),
        new(X86ResourceId.SysenterEsp, "SYSENTER_ESP", [X86Layout.Stack + 0x400, X86Layout.Stack + 0x480]),
        new(X86ResourceId.SysenterEip, "SYSENTER_EIP", [X86Layout.Landing, X86Layout.Landing + 0x200]),
        new(X86ResourceId.TscOffset, "IA32_TSC", [0, 0x1234_5678_9abc, 0x7777_0000_1111]),
        new(X86ResourceId.TscAux, "TSC_AUX", [0, 1, 5]),
        new(X86ResourceId.KernelGsBase, "KERNEL_GS_BASE", [0x5000, 0x6000]),
        new(X86ResourceId.Pat, "PAT", [0x0007_0406_0007_0406, 0x0007_0406_0007_0106]),
        new(X86ResourceId.Cr2, "CR2", [0x1000, 0x9000]),
        new(X86ResourceId.SpecCtrl, "SPEC_CTRL", [0, 1]),
        new(X86ResourceId.MiscEnable, "MISC_ENABLE", [0x1801, 0x1800]),
    ];

    static X86Resources()
    {
        for (int i = 0; i < All.Length; i++)
        {
            if (All[i].Id != (X86ResourceId)i)
            {
                throw new InvalidOperationException($"The resource '{All[i].Name}' is out of order.");
            }
        }
    }
}
