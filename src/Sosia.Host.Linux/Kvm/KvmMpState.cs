namespace Sosia.Host.Linux.Kvm;

/// <summary>Whether a virtual processor executes or waits (linux/kvm.h, KVM_MP_STATE_*), with local APICs in the kernel.</summary>
public enum KvmMpState : uint
{
    /// <summary>It executes.</summary>
    Runnable = 0,

    /// <summary>It waits for INIT, as application processors do after power-on.</summary>
    Uninitialized = 1,

    /// <summary>It waits for a start-up message.</summary>
    InitReceived = 2,

    /// <summary>It waits for an interrupt.</summary>
    Halted = 3,

    /// <summary>A start-up message came.</summary>
    SipiReceived = 4,
}
