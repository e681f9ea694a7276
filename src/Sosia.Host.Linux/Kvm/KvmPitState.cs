using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>The interval timer in the kernel (struct kvm_pit_state2).</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct KvmPitState
{
    /// <summary>Flag: the event timers (HPET) have taken the place of channel 0's interrupt.</summary>
    public const uint HpetLegacy = 1;

    /// <summary>Flag: the speaker's data bit of port 61h is set.</summary>
    public const uint SpeakerData = 2;

    /// <summary>Channel 0.</summary>
    public KvmPitChannel Channel0;

    /// <summary>Channel 1.</summary>
    public KvmPitChannel Channel1;

    /// <summary>Channel 2.</summary>
    public KvmPitChannel Channel2;

    /// <summary>See <see cref="HpetLegacy"/> and <see cref="SpeakerData"/>.</summary>
    public uint Flags;

    private fixed uint _reserved[9];
}
