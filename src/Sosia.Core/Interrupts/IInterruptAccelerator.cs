namespace Sosia.Core.Interrupts;

/// <summary>
/// Interrupt controllers of the host's hypervisor that stand in for a machine's own while an engine runs it. All members are called under the lock of
/// the devices.
/// </summary>
public interface IInterruptAccelerator
{
    /// <summary>True when the board's wires end in the hypervisor's 8259As and I/O APIC; false when only the local APICs are there.</summary>
    bool TakesWires { get; }

    /// <summary>A wire of the board changed its level (a PC's interrupt number: 0 to 15 also at the 8259As). Only with <see cref="TakesWires"/>.</summary>
    /// <param name="input">The wire's number.</param>
    /// <param name="asserted">Its level.</param>
    void SetWire(int input, bool asserted);

    /// <summary>The event timers took the interval timer's place on its wire, or gave it back. Only with <see cref="TakesWires"/>.</summary>
    void SetTimerReplaced(bool isReplaced);

    /// <summary>A message of a device or of the machine's own I/O APIC is on its way to the local APICs.</summary>
    /// <param name="address">The message's address.</param>
    /// <param name="data">The message's data.</param>
    void SendMessage(ulong address, uint data);

    /// <summary>The machine's own 8259A pair drives its output. Only without <see cref="TakesWires"/>.</summary>
    void SetExternalInterrupt(bool asserted);

    /// <summary>An entry of the machine's own I/O APIC changed: the hypervisor has to know which vectors it wants to hear the end of. Only without <see cref="TakesWires"/>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="address">The address of its message.</param>
    /// <param name="data">The message's data, with the trigger mode.</param>
    /// <param name="isMasked">True when it sends none.</param>
    void SetIoApicEntry(int input, ulong address, uint data, bool isMasked);
}
