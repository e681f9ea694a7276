using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>Segments, tables and control registers (struct kvm_sregs).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct KvmSregs
{
    /// <summary>CS.</summary>
    public KvmSegment Cs;

    /// <summary>DS.</summary>
    public KvmSegment Ds;

    /// <summary>ES.</summary>
    public KvmSegment Es;

    /// <summary>FS.</summary>
    public KvmSegment Fs;

    /// <summary>GS.</summary>
    public KvmSegment Gs;

    /// <summary>SS; its DPL is the current privilege level.</summary>
    public KvmSegment Ss;

    /// <summary>TR.</summary>
    public KvmSegment Tr;

    /// <summary>LDTR.</summary>
    public KvmSegment Ldtr;

    /// <summary>GDTR base.</summary>
    public ulong GdtBase;

    /// <summary>GDTR limit in the low 16 bits.</summary>
    public ulong GdtLimit;

    /// <summary>IDTR base.</summary>
    public ulong IdtBase;

    /// <summary>IDTR limit in the low 16 bits.</summary>
    public ulong IdtLimit;

    /// <summary>CR0.</summary>
    public ulong Cr0;

    /// <summary>CR2.</summary>
    public ulong Cr2;

    /// <summary>CR3.</summary>
    public ulong Cr3;

    /// <summary>CR4.</summary>
    public ulong Cr4;

    /// <summary>CR8.</summary>
    public ulong Cr8;

    /// <summary>IA32_EFER.</summary>
    public ulong Efer;

    /// <summary>IA32_APIC_BASE.</summary>
    public ulong ApicBase;

    /// <summary>The vector of an interrupt that is being injected, as a bit.</summary>
    public fixed ulong InterruptBitmap[4];
}
