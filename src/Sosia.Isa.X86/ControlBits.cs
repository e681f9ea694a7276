namespace Sosia.Isa.X86;

/// <summary>Bits of EFLAGS, the control registers, EFER and DR6/DR7 (Intel SDM vol. 1, 3.4.3; vol. 3, 2.5, 2.2.1, 17.2).</summary>
public static class ControlBits
{
    /// <summary>EFLAGS.TF.</summary>
    public const ulong Tf = 1 << 8;

    /// <summary>EFLAGS.IF.</summary>
    public const ulong If = 1 << 9;

    /// <summary>EFLAGS.DF.</summary>
    public const ulong Df = 1 << 10;

    /// <summary>EFLAGS.IOPL, both bits.</summary>
    public const ulong Iopl = 3 << 12;

    /// <summary>EFLAGS.NT.</summary>
    public const ulong Nt = 1 << 14;

    /// <summary>EFLAGS.RF.</summary>
    public const ulong Rf = 1 << 16;

    /// <summary>EFLAGS.VM.</summary>
    public const ulong Vm = 1 << 17;

    /// <summary>EFLAGS.AC.</summary>
    public const ulong Ac = 1 << 18;

    /// <summary>EFLAGS.VIF.</summary>
    public const ulong Vif = 1 << 19;

    /// <summary>EFLAGS.VIP.</summary>
    public const ulong Vip = 1 << 20;

    /// <summary>EFLAGS.ID.</summary>
    public const ulong Id = 1 << 21;

    /// <summary>Every EFLAGS bit that exists, without the fixed bit 1.</summary>
    public const ulong AllFlags = State.LazyFlags.All | Tf | If | Df | Iopl | Nt | Rf | Vm | Ac | Vif | Vip | Id;

    /// <summary>CR0.PE.</summary>
    public const ulong Cr0Pe = 1 << 0;

    /// <summary>CR0.MP.</summary>
    public const ulong Cr0Mp = 1 << 1;

    /// <summary>CR0.EM.</summary>
    public const ulong Cr0Em = 1 << 2;

    /// <summary>CR0.TS.</summary>
    public const ulong Cr0Ts = 1 << 3;

    /// <summary>CR0.ET, fixed at 1.</summary>
    public const ulong Cr0Et = 1 << 4;

    /// <summary>CR0.NE.</summary>
    public const ulong Cr0Ne = 1 << 5;

    /// <summary>CR0.WP.</summary>
    public const ulong Cr0Wp = 1 << 16;

    /// <summary>CR0.AM.</summary>
    public const ulong Cr0Am = 1 << 18;

    /// <summary>CR0.NW.</summary>
    public const ulong Cr0Nw = 1 << 29;

    /// <summary>CR0.CD.</summary>
    public const ulong Cr0Cd = 1 << 30;

    /// <summary>CR0.PG.</summary>
    public const ulong Cr0Pg = 1UL << 31;

    /// <summary>CR4.VME.</summary>
    public const ulong Cr4Vme = 1 << 0;

    /// <summary>CR4.PVI.</summary>
    public const ulong Cr4Pvi = 1 << 1;

    /// <summary>CR4.TSD.</summary>
    public const ulong Cr4Tsd = 1 << 2;

    /// <summary>CR4.DE.</summary>
    public const ulong Cr4De = 1 << 3;

    /// <summary>CR4.PSE.</summary>
    public const ulong Cr4Pse = 1 << 4;

    /// <summary>CR4.PAE.</summary>
    public const ulong Cr4Pae = 1 << 5;

    /// <summary>CR4.MCE.</summary>
    public const ulong Cr4Mce = 1 << 6;

    /// <summary>CR4.PGE.</summary>
    public const ulong Cr4Pge = 1 << 7;

    /// <summary>CR4.PCE.</summary>
    public const ulong Cr4Pce = 1 << 8;

    /// <summary>CR4.OSFXSR.</summary>
    public const ulong Cr4Osfxsr = 1 << 9;

    /// <summary>CR4.OSXMMEXCPT.</summary>
    public const ulong Cr4Osxmmexcpt = 1 << 10;

    /// <summary>CR4.UMIP.</summary>
    public const ulong Cr4Umip = 1 << 11;

    /// <summary>CR4.FSGSBASE.</summary>
    public const ulong Cr4Fsgsbase = 1 << 16;

    /// <summary>CR4.PCIDE.</summary>
    public const ulong Cr4Pcide = 1 << 17;

    /// <summary>CR4.OSXSAVE.</summary>
    public const ulong Cr4Osxsave = 1 << 18;

    /// <summary>CR4.SMEP.</summary>
    public const ulong Cr4Smep = 1 << 20;

    /// <summary>CR4.SMAP.</summary>
    public const ulong Cr4Smap = 1 << 21;

    /// <summary>EFER.SCE.</summary>
    public const ulong EferSce = 1 << 0;

    /// <summary>EFER.LME.</summary>
    public const ulong EferLme = 1 << 8;

    /// <summary>EFER.LMA.</summary>
    public const ulong EferLma = 1 << 10;

    /// <summary>EFER.NXE.</summary>
    public const ulong EferNxe = 1 << 11;

    /// <summary>DR6.BD: a debug register was accessed under DR7.GD.</summary>
    public const ulong Dr6Bd = 1 << 13;

    /// <summary>DR6.BS: single step.</summary>
    public const ulong Dr6Bs = 1 << 14;

    /// <summary>DR6.BT: task switch.</summary>
    public const ulong Dr6Bt = 1 << 15;

    /// <summary>DR6's bits that always read 1.</summary>
    public const ulong Dr6Fixed = 0xffff_0ff0;

    /// <summary>DR7's bit that always reads 1.</summary>
    public const ulong Dr7Fixed = 0x400;

    /// <summary>DR7.GD.</summary>
    public const ulong Dr7Gd = 1 << 13;

    /// <summary>Width of guest physical addresses in bits (CPUID 80000008H:EAX[7:0]).</summary>
    public const int PhysicalAddressBits = 40;
}
