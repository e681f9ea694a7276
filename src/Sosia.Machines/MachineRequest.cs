namespace Sosia.Machines;

/// <summary>What the guest, or a device, has asked of its machine.</summary>
public enum MachineRequest
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>To be switched off.</summary>
    PowerOff,

    /// <summary>To be reset.</summary>
    Reset,

    /// <summary>That its processors be reset, and nothing else.</summary>
    ResetProcessors,

    /// <summary>To end with a status of the guest's choice.</summary>
    Exit,

    /// <summary>Not the guest's, but a device's: to stop until the host can do what the device wants.</summary>
    Stop,
}
