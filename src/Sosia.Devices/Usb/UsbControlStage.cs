namespace Sosia.Devices.Usb;

/// <summary>How far a control transfer is (USB 2.0, section 8.5.3).</summary>
internal enum UsbControlStage
{
    /// <summary>There is none.</summary>
    Idle,

    /// <summary>The host takes data.</summary>
    DataIn,

    /// <summary>The host sends data.</summary>
    DataOut,

    /// <summary>The host asks whether it is done.</summary>
    StatusIn,

    /// <summary>The request is impossible.</summary>
    Stalled,
}
