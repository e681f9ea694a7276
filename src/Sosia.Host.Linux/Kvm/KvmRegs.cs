using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>General registers (struct kvm_regs).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct KvmRegs
{
    /// <summary>RAX, RBX, RCX, RDX, RSI, RDI, RSP, RBP, R8–R15: the kernel's order, not the encoding's.</summary>
    public fixed ulong General[16];

    /// <summary>RIP.</summary>
    public ulong Rip;

    /// <summary>RFLAGS.</summary>
    public ulong Rflags;
}
