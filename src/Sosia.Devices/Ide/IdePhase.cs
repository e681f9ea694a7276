namespace Sosia.Devices.Ide;

/// <summary>What a channel is doing for the device with a command in progress.</summary>
internal enum IdePhase : byte
{
    /// <summary>Nothing.</summary>
    Idle,

    /// <summary>The Command register was written.</summary>
    Command,

    /// <summary>A packet has arrived.</summary>
    PacketCommand,

    /// <summary>The next data for the host are being fetched.</summary>
    Fetch,

    /// <summary>The host reads data.</summary>
    DataIn,

    /// <summary>The host writes data or a packet.</summary>
    DataOut,

    /// <summary>Data of the host are being stored.</summary>
    Store,

    /// <summary>Data move by DMA, as soon as the bus master is started.</summary>
    Dma,

    /// <summary>All data have moved.</summary>
    End,

    /// <summary>EXECUTE DEVICE DIAGNOSTIC.</summary>
    Diagnostic,

    /// <summary>A software reset.</summary>
    Reset,
}
