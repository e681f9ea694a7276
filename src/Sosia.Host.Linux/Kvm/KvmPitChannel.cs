using System.Runtime.InteropServices;

namespace Sosia.Host.Linux.Kvm;

/// <summary>A channel of the interval timer in the kernel (struct kvm_pit_channel_state).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct KvmPitChannel
{
    /// <summary>The count, 1 to 65536.</summary>
    public uint Count;

    /// <summary>The latched count.</summary>
    public ushort LatchedCount;

    /// <summary>What of the latched count is left to read (0: none).</summary>
    public byte CountLatched;

    /// <summary>1: a status is latched.</summary>
    public byte StatusLatched;

    /// <summary>The latched status.</summary>
    public byte Status;

    /// <summary>Which byte a read gives: 1 low, 2 high, 3 low of two, 4 high of two.</summary>
    public byte ReadState;

    /// <summary>Which byte a write is, likewise.</summary>
    public byte WriteState;

    /// <summary>The low byte that waits for the high one.</summary>
    public byte WriteLatch;

    /// <summary>The access mode of the control word, 1 to 3.</summary>
    public byte AccessMode;

    /// <summary>The mode, 0 to 5.</summary>
    public byte Mode;

    /// <summary>1: counts in BCD.</summary>
    public byte Bcd;

    /// <summary>1: the gate is open.</summary>
    public byte Gate;

    /// <summary>When the count was loaded, in nanoseconds of the host's boot-time clock.</summary>
    public long LoadedAtNanoseconds;
}
