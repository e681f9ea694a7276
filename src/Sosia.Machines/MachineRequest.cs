namespace Sosia.Machines;

/// <summary>What the guest has asked of its machine.</summary>
public enum MachineRequest
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>To be switched off.</summary>
    PowerOff,

    /// <summary>To be reset.</summary>
    Reset,

    /// <summary>To end with a status of the guest's choice.</summary>
    Exit,
}
