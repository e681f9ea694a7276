namespace Sosia.Devices.Usb;

/// <summary>How a device answers a token, or that it does not.</summary>
internal enum UsbAnswer
{
    /// <summary>Data were sent or taken.</summary>
    Done,

    /// <summary>Not now; the host asks again (NAK).</summary>
    Later,

    /// <summary>The request is impossible, or the endpoint halted (STALL).</summary>
    Stall,

    /// <summary>Nobody is there.</summary>
    Silence,
}
