using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>Exceptions, interrupts and NMIs on their way (struct kvm_vcpu_events).</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct KvmVcpuEvents
{
    /// <summary>Flag: <see cref="NmiPending"/> counts.</summary>
    public const uint ValidNmiPending = 1;

    /// <summary>Flag: <see cref="SipiVector"/> counts.</summary>
    public const uint ValidSipiVector = 2;

    /// <summary>Flag: <see cref="InterruptShadow"/> counts.</summary>
    public const uint ValidShadow = 4;

    /// <summary>Shadow: behind MOV SS or POP SS.</summary>
    public const byte ShadowMovSs = 1;

    /// <summary>Shadow: behind STI.</summary>
    public const byte ShadowSti = 2;

    /// <summary>1: an exception's delivery has begun and will be repeated.</summary>
    [FieldOffset(0)]
    public byte ExceptionInjected;

    /// <summary>Its vector.</summary>
    [FieldOffset(1)]
    public byte ExceptionVector;

    /// <summary>1: it pushes <see cref="ExceptionErrorCode"/>.</summary>
    [FieldOffset(2)]
    public byte ExceptionHasErrorCode;

    /// <summary>1: an exception waits.</summary>
    [FieldOffset(3)]
    public byte ExceptionPending;

    /// <summary>The error code.</summary>
    [FieldOffset(4)]
    public uint ExceptionErrorCode;

    /// <summary>1: an interrupt's delivery has begun and will be repeated.</summary>
    [FieldOffset(8)]
    public byte InterruptInjected;

    /// <summary>Its vector.</summary>
    [FieldOffset(9)]
    public byte InterruptVector;

    /// <summary>1: it is a software interrupt.</summary>
    [FieldOffset(10)]
    public byte InterruptIsSoft;

    /// <summary>Bits <see cref="ShadowMovSs"/> and <see cref="ShadowSti"/>.</summary>
    [FieldOffset(11)]
    public byte InterruptShadow;

    /// <summary>1: an NMI's delivery has begun.</summary>
    [FieldOffset(12)]
    public byte NmiInjected;

    /// <summary>NMIs that wait.</summary>
    [FieldOffset(13)]
    public byte NmiPending;

    /// <summary>1: NMIs are blocked until IRET.</summary>
    [FieldOffset(14)]
    public byte NmiMasked;

    /// <summary>The start-up message's vector.</summary>
    [FieldOffset(16)]
    public uint SipiVector;

    /// <summary>Which fields count.</summary>
    [FieldOffset(20)]
    public uint Flags;

    /// <summary>1: an INIT waits.</summary>
    [FieldOffset(27)]
    public byte LatchedInit;
}
