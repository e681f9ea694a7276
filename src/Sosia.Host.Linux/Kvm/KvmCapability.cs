namespace Sosia.Host.Linux.Kvm;

/// <summary>What a KVM may or may not be able to do (linux/kvm.h, KVM_CAP_*).</summary>
public enum KvmCapability
{
    /// <summary>Interrupt controllers in the kernel.</summary>
    IrqChip = 0,

    /// <summary>Guest memory that belongs to the process.</summary>
    UserMemory = 3,

    /// <summary>Recommended number of virtual processors.</summary>
    RecommendedVcpus = 9,

    /// <summary>How many memory slots there may be.</summary>
    MemorySlots = 10,

    /// <summary>Writes to device memory that are collected in a ring; the value is the ring's page after the shared structure.</summary>
    CoalescedMmio = 15,

    /// <summary>Breakpoints and single step from outside.</summary>
    SetGuestDebug = 23,

    /// <summary>Routes from interrupt numbers to controllers' inputs and messages.</summary>
    IrqRouting = 25,

    /// <summary>Interrupts by eventfd.</summary>
    IrqFd = 32,

    /// <summary>The interval timer in the kernel.</summary>
    Pit2 = 33,

    /// <summary>The interval timer's state can be read and written.</summary>
    PitState2 = 35,

    /// <summary>Writes that signal an eventfd instead of an exit.</summary>
    IoEventFd = 36,

    /// <summary>The paravirtual clock can be read and set.</summary>
    AdjustClock = 39,

    /// <summary>Pending exceptions and interrupts can be read and written.</summary>
    VcpuEvents = 41,

    /// <summary>Debug registers can be read and written.</summary>
    DebugRegisters = 50,

    /// <summary>The extended state can be read and written.</summary>
    Xsave = 55,

    /// <summary>XCR0 can be read and written.</summary>
    Xcrs = 56,

    /// <summary>The guest's time-stamp counter can run at another frequency than the host's.</summary>
    TscControl = 60,

    /// <summary>The guest's time-stamp frequency can be asked for.</summary>
    GetTscKilohertz = 61,

    /// <summary>The greatest number of virtual processors.</summary>
    MaxVcpus = 66,

    /// <summary>The local APIC timer's deadline mode.</summary>
    TscDeadlineTimer = 72,

    /// <summary>Message-signalled interrupts without a route.</summary>
    SignalMsi = 77,

    /// <summary>Read-only memory slots.</summary>
    ReadOnlyMemory = 81,

    /// <summary>Only the local APICs in the kernel.</summary>
    SplitIrqChip = 121,

    /// <summary>The flag in the shared structure that makes KVM_RUN return at once.</summary>
    ImmediateExit = 136,

    /// <summary>Port writes that are collected in a ring.</summary>
    CoalescedPio = 162,

    /// <summary>Model-specific registers that the process handles.</summary>
    UserSpaceMsr = 188,

    /// <summary>Which model-specific registers the process handles can be chosen.</summary>
    MsrFilter = 189,

    /// <summary>An instruction that the kernel cannot emulate ends in an exit at every privilege level.</summary>
    ExitOnEmulationFailure = 204,
}
