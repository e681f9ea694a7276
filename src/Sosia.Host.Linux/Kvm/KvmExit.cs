namespace Sosia.Host.Linux.Kvm;

/// <summary>Why KVM_RUN came back (linux/kvm.h, KVM_EXIT_*).</summary>
public enum KvmExit : uint
{
    /// <summary>The hardware gave a reason that KVM does not know.</summary>
    Unknown = 0,

    /// <summary>An exception that KVM did not handle.</summary>
    Exception = 1,

    /// <summary>A port access.</summary>
    Io = 2,

    /// <summary>A call to the hypervisor.</summary>
    Hypercall = 3,

    /// <summary>A breakpoint or single step that was asked for.</summary>
    Debug = 4,

    /// <summary>HLT.</summary>
    Halt = 5,

    /// <summary>An access to memory that is no RAM.</summary>
    Mmio = 6,

    /// <summary>The guest can take an interrupt now.</summary>
    InterruptWindowOpen = 7,

    /// <summary>Triple fault.</summary>
    Shutdown = 8,

    /// <summary>The hardware refused the guest's state.</summary>
    FailEntry = 9,

    /// <summary>A signal.</summary>
    Interrupted = 10,

    /// <summary>The task priority was lowered.</summary>
    SetTaskPriority = 11,

    /// <summary>KVM gave up, for instance on an instruction that it cannot emulate.</summary>
    InternalError = 17,

    /// <summary>Shutdown, reset or crash as the guest asked for.</summary>
    SystemEvent = 24,

    /// <summary>An end of interrupt that an I/O APIC of the process must see.</summary>
    IoApicEndOfInterrupt = 26,

    /// <summary>RDMSR for the process.</summary>
    ReadMsr = 29,

    /// <summary>WRMSR for the process.</summary>
    WriteMsr = 30,
}
