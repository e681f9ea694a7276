namespace Sosia.Core.Interrupts;

/// <summary>What a virtual CPU asks of the interrupt controller nearest to it (on a PC the local APIC, with the 8259 pair behind it).</summary>
public interface ILocalInterruptController
{
    /// <summary>The CPU takes the pending maskable interrupt.</summary>
    /// <returns>The vector, 0 to 255; or −1 when the request went away (the CPU then takes nothing).</returns>
    int AcknowledgeInterrupt();

    /// <summary>The task priority class, 0 to 15 (x86 CR8).</summary>
    byte TaskPriorityClass { get; set; }

    /// <summary>The base and enable register (x86 IA32_APIC_BASE).</summary>
    ulong BaseRegister { get; }

    /// <summary>Writes the base and enable register.</summary>
    /// <returns>False when the value is illegal: the CPU raises its general-protection fault.</returns>
    bool TrySetBaseRegister(ulong value);

    /// <summary>Reads a register through the CPU's register interface (x86 x2APIC, MSR 0x800 + register).</summary>
    /// <returns>False when there is no such register or the interface is off.</returns>
    bool TryReadRegister(uint register, out ulong value);

    /// <summary>Writes a register through the CPU's register interface (x86 x2APIC, MSR 0x800 + register).</summary>
    /// <returns>False when there is no such register, the value is illegal or the interface is off.</returns>
    bool TryWriteRegister(uint register, ulong value);

    /// <summary>The deadline in time-stamp-counter ticks (x86 IA32_TSC_DEADLINE), 0 when disarmed.</summary>
    ulong TimerDeadline { get; set; }

    /// <summary>The CPU was initialised (x86 INIT or reset).</summary>
    void CpuInitialized();
}
