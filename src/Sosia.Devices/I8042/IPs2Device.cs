using System;

namespace Sosia.Devices.I8042;

/// <summary>A device on one of the keyboard controller's two serial interfaces.</summary>
internal interface IPs2Device
{
    /// <summary>True when it has a byte to send.</summary>
    bool HasOutput { get; }

    /// <summary>Called whenever it may have something to send.</summary>
    Action? OutputReady { get; set; }

    /// <summary>Takes the next byte that it sends; only while <see cref="HasOutput"/>.</summary>
    byte TakeOutput();

    /// <summary>It receives a command or an argument.</summary>
    void Receive(byte value);
}
