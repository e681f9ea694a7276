using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>The structure that a virtual processor shares with the process (struct kvm_run): requests in, the reason of an exit out.</summary>
[StructLayout(LayoutKind.Explicit)]
public unsafe struct KvmRun
{
    /// <summary>In: 1 for an exit as soon as the guest can take an interrupt.</summary>
    [FieldOffset(0)]
    public byte RequestInterruptWindow;

    /// <summary>In: 1 for no guest instruction at all; what an exit left open is completed.</summary>
    [FieldOffset(1)]
    public byte ImmediateExit;

    /// <summary>Out: why the guest does not run.</summary>
    [FieldOffset(8)]
    public KvmExit ExitReason;

    /// <summary>Out: 1 when an interrupt may be injected now.</summary>
    [FieldOffset(12)]
    public byte ReadyForInterrupt;

    /// <summary>Out: RFLAGS.IF.</summary>
    [FieldOffset(13)]
    public byte InterruptFlag;

    /// <summary>In and out: CR8, without local APICs in the kernel.</summary>
    [FieldOffset(16)]
    public ulong Cr8;

    /// <summary>Out: IA32_APIC_BASE.</summary>
    [FieldOffset(24)]
    public ulong ApicBase;

    /// <summary>Exit Io: 1 for OUT.</summary>
    [FieldOffset(32)]
    public byte IoIsWrite;

    /// <summary>Exit Io: 1, 2 or 4.</summary>
    [FieldOffset(33)]
    public byte IoByteCount;

    /// <summary>Exit Io: the port.</summary>
    [FieldOffset(34)]
    public ushort IoPort;

    /// <summary>Exit Io: how many accesses (INS and OUTS).</summary>
    [FieldOffset(36)]
    public uint IoCount;

    /// <summary>Exit Io: where the data are, from the beginning of this structure.</summary>
    [FieldOffset(40)]
    public ulong IoDataOffset;

    /// <summary>Exit Debug: the exception's vector, 1 or 3.</summary>
    [FieldOffset(32)]
    public uint DebugException;

    /// <summary>Exit Debug: the linear address of the instruction.</summary>
    [FieldOffset(40)]
    public ulong DebugLinear;

    /// <summary>Exit Debug: DR6.</summary>
    [FieldOffset(48)]
    public ulong DebugDr6;

    /// <summary>Exit Mmio: the guest physical address.</summary>
    [FieldOffset(32)]
    public ulong MmioGuestPhysical;

    /// <summary>Exit Mmio: the bytes.</summary>
    [FieldOffset(40)]
    public fixed byte MmioData[8];

    /// <summary>Exit Mmio: how many, 1 to 8.</summary>
    [FieldOffset(48)]
    public uint MmioByteCount;

    /// <summary>Exit Mmio: 1 for a write.</summary>
    [FieldOffset(52)]
    public byte MmioIsWrite;

    /// <summary>Exit InternalError: what kind; 1 is an instruction that could not be emulated.</summary>
    [FieldOffset(32)]
    public uint InternalSuberror;

    /// <summary>Exit SystemEvent: 1 shutdown, 2 reset, 3 crash.</summary>
    [FieldOffset(32)]
    public uint SystemEventType;

    /// <summary>Exit FailEntry and Unknown: the hardware's reason.</summary>
    [FieldOffset(32)]
    public ulong HardwareReason;

    /// <summary>Exit IoApicEndOfInterrupt: the vector.</summary>
    [FieldOffset(32)]
    public byte EoiVector;

    /// <summary>Exit ReadMsr and WriteMsr, in: 1 for #GP in the guest.</summary>
    [FieldOffset(32)]
    public byte MsrError;

    /// <summary>Exit ReadMsr and WriteMsr: why it is the process's: 1 KVM refuses the access, 2 KVM knows no such register, 4 the process wanted it.</summary>
    [FieldOffset(40)]
    public uint MsrReason;

    /// <summary>Exit ReadMsr and WriteMsr: the register.</summary>
    [FieldOffset(44)]
    public uint MsrIndex;

    /// <summary>Exit ReadMsr (in) and WriteMsr (out): the value.</summary>
    [FieldOffset(48)]
    public ulong MsrValue;
}
