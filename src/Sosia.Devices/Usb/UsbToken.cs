namespace Sosia.Devices.Usb;

/// <summary>What a host asks of an endpoint (USB 2.0, table 8-1).</summary>
internal enum UsbToken : byte
{
    /// <summary>The host sends data.</summary>
    Out = 0xe1,

    /// <summary>The host takes data.</summary>
    In = 0x69,

    /// <summary>The host begins a control transfer.</summary>
    Setup = 0x2d,
}
