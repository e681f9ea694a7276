namespace Sosia.Core.Interrupts;

/// <summary>What a virtual CPU offers to interrupt controllers. Callable from any thread; takes effect at an instruction boundary.</summary>
public interface ICpuInterruptPort
{
    /// <summary>Drives one of the CPU's wires.</summary>
    void SetSignal(CpuSignal signal, bool asserted);

    /// <summary>Starts a processor that waits after <see cref="CpuSignal.Init"/> (x86 SIPI).</summary>
    /// <param name="vector">Start page number: execution begins at vector × 4096.</param>
    void Startup(byte vector);
}
