using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>The paravirtual clock (struct kvm_clock_data).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct KvmClock
{
    /// <summary>Nanoseconds.</summary>
    public ulong Nanoseconds;

    /// <summary>Out: what is known of it; in: 0.</summary>
    public uint Flags;

    private readonly uint _padding;
    private readonly ulong _realTime;
    private readonly ulong _hostTsc;
    private fixed uint _reserved[4];
}
