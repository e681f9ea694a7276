namespace Sosia.Core.Execution;

/// <summary>
/// Names for why execution left guest code for the VMM, the keys of <see cref="EngineCounters.ExitsByCause"/>. What one engine does not know another
/// may have; an engine may add causes of its own.
/// </summary>
public static class ExitCause
{
    /// <summary>An instruction accessed an I/O port.</summary>
    public const string Port = "port access";

    /// <summary>An instruction accessed a device's registers in memory, or an address that nothing answers.</summary>
    public const string DeviceMemory = "device memory access";

    /// <summary>An interrupt was delivered to the guest.</summary>
    public const string Interrupt = "interrupt";

    /// <summary>An instruction faulted, and the VMM delivered the exception to the guest.</summary>
    public const string Fault = "guest fault";

    /// <summary>The guest waits for an interrupt.</summary>
    public const string Halt = "halt";

    /// <summary>Somebody outside the guest asked for attention: a timer, input, a pause.</summary>
    public const string Kick = "kick";

    /// <summary>The instruction budget was used up: the VMM looks around.</summary>
    public const string Budget = "budget used";

    /// <summary>The VMM walked the guest's page tables for a translation that it did not have.</summary>
    public const string TlbMiss = "TLB miss";

    /// <summary>Code that had not been seen before was decoded.</summary>
    public const string Decoding = "new code";

    /// <summary>Translated code called the interpreter's meaning of an instruction that has no host code of its own.</summary>
    public const string InstructionHelper = "instruction helper";

    /// <summary>Translated code left in the middle of a block for the interpreter: an access or a case that it has no host code for.</summary>
    public const string SideExit = "side exit";

    /// <summary>Translated code came to the end of a block without knowing host code to go on with.</summary>
    public const string BlockLookup = "block lookup";
}
