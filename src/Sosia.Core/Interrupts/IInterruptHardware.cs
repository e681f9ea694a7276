using System;

namespace Sosia.Core.Interrupts;

/// <summary>
/// The interrupt controllers and the interval timer of a machine, as far as an engine can move them into the host's hypervisor and back. All members are
/// called while no processor runs or under the lock of the devices.
/// </summary>
public interface IInterruptHardware
{
    /// <summary>Bytes of a local APIC's register page that are exchanged.</summary>
    const int LocalApicByteCount = 1024;

    /// <summary>True when there is a pair of 8259As.</summary>
    bool HasPic { get; }

    /// <summary>What stands in for the controllers now; null for nothing.</summary>
    IInterruptAccelerator? Accelerator { get; set; }

    /// <summary>Writes a local APIC's registers as they lie in its page (Intel SDM vol. 3, table 11-1).</summary>
    /// <param name="cpuIndex">The processor.</param>
    /// <param name="page">Takes <see cref="LocalApicByteCount"/> bytes.</param>
    void ExportLocalApic(int cpuIndex, Span<byte> page);

    /// <summary>Takes a local APIC's registers from its page.</summary>
    /// <param name="cpuIndex">The processor.</param>
    /// <param name="page"><see cref="LocalApicByteCount"/> bytes.</param>
    /// <param name="timerDeadline">IA32_TSC_DEADLINE.</param>
    void ImportLocalApic(int cpuIndex, ReadOnlySpan<byte> page, ulong timerDeadline);

    /// <summary>Reads the I/O APIC.</summary>
    IoApicRegisters ExportIoApic();

    /// <summary>Replaces the I/O APIC's registers.</summary>
    void ImportIoApic(in IoApicRegisters registers);

    /// <summary>Reads an 8259A.</summary>
    /// <param name="chip">0 the master, 1 the slave.</param>
    PicRegisters ExportPic(int chip);

    /// <summary>Replaces an 8259A's registers.</summary>
    void ImportPic(int chip, in PicRegisters registers);

    /// <summary>Reads a channel of the interval timer.</summary>
    /// <param name="channel">0 to 2.</param>
    PitChannelRegisters ExportPit(int channel);

    /// <summary>Replaces a channel of the interval timer; it begins to count anew.</summary>
    void ImportPit(int channel, in PitChannelRegisters registers);

    /// <summary>True while the event timers have the interval timer's place on its wire.</summary>
    bool IsTimerReplaced { get; }

    /// <summary>The data bit of the speaker in port 61h.</summary>
    bool SpeakerData { get; set; }

    /// <summary>An end of interrupt that a local APIC of the hypervisor announced; only while <see cref="Accelerator"/> holds the local APICs alone.</summary>
    void EndOfInterrupt(byte vector);

    /// <summary>The 8259A pair's vector, acknowledged; −1 when the request went away. Only while <see cref="Accelerator"/> holds the local APICs alone.</summary>
    int AcknowledgeExternalInterrupt();
}
