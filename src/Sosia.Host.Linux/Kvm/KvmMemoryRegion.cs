using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>A memory slot (struct kvm_userspace_memory_region).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmMemoryRegion
{
    public uint Slot;
    public uint Flags;
    public ulong GuestPhysical;
    public ulong ByteCount;
    public ulong HostVirtual;
}
