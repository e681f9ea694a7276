namespace Sosia.Devices.Usb.Storage;

/// <summary>How far a command of the bulk-only transport is.</summary>
internal enum StoragePhase
{
    /// <summary>A command block wrapper is awaited.</summary>
    Command,

    /// <summary>Data go to the host.</summary>
    DataIn,

    /// <summary>Data come from the host.</summary>
    DataOut,

    /// <summary>The command status wrapper is to be sent.</summary>
    Status,

    /// <summary>A command block wrapper made no sense: everything stalls until a reset.</summary>
    Failed,
}
