using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>An attribute of a virtual processor (struct kvm_device_attr): the offset of its time-stamp counter (KVM_VCPU_TSC_CTRL, KVM_VCPU_TSC_OFFSET; both are 0).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KvmDeviceAttribute
{
    private readonly uint _flags;
    private readonly uint _group;
    private readonly ulong _attribute;

    /// <summary>Where the value is.</summary>
    public ulong Address;
}
