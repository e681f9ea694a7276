namespace Sosia.Core.Execution;

/// <summary>What devices ask of the machine as a whole. Requests take effect at the next instruction boundary; the first one wins.</summary>
public interface IMachineControl
{
    /// <summary>The guest switched the machine off (ACPI S5).</summary>
    void RequestPowerOff();

    /// <summary>The guest reset the machine (port 0xCF9, ACPI reset).</summary>
    void RequestReset();

    /// <summary>The guest reset the processors and nothing else (keyboard controller, port 0x92), as software of the 80286 does to leave protected mode.</summary>
    void RequestProcessorReset();

    /// <summary>The guest ends the machine with an exit status of its own choice (the debug-exit device).</summary>
    /// <param name="status">The process exit status.</param>
    void RequestExit(int status);
}
