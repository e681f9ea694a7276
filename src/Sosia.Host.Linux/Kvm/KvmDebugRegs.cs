using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>Debug registers (struct kvm_debugregs).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct KvmDebugRegs
{
    /// <summary>DR0–DR3.</summary>
    public fixed ulong Address[4];

    /// <summary>DR6.</summary>
    public ulong Dr6;

    /// <summary>DR7.</summary>
    public ulong Dr7;

    private fixed ulong _reserved[10];
}
