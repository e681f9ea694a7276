namespace Sosia.Core.Interrupts;

/// <summary>The wires that lead into a virtual CPU.</summary>
public enum CpuSignal
{
    /// <summary>The maskable interrupt request, level.</summary>
    Interrupt,

    /// <summary>The non-maskable interrupt, edge: each assertion is one interrupt.</summary>
    NonMaskableInterrupt,

    /// <summary>Stops and initialises the processor (x86 INIT), edge.</summary>
    Init,

    /// <summary>The address line 20 gate of PCs, level: asserted lets A20 through.</summary>
    AddressLine20,
}
